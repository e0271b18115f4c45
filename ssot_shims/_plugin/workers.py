"""What the workers of pytest-xdist tell. Their controller loads the rest when the first of them tells something."""

from __future__ import annotations

import pytest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ssot_shims._plugin.tally import Tally

WIRE = "ssot_shims"  # the attribute of a report, and the key in the output of a worker


class Workers:
    """In the controller: those who tell of a run, whose tally it is to be in."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if WIRE in vars(report):
            self._tally().pytest_runtest_logreport(report)  # which is too new to be called for this one

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        told = getattr(node, "workeroutput", {}).get(WIRE)  # a worker that crashed has none
        if told:
            self._tally().add(told)

    def _tally(self) -> Tally:
        from ssot_shims._plugin.course import watch

        return watch(self._config)

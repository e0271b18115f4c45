"""The answers that the workers of pytest-xdist share."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Set
from contextlib import suppress
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from ssot_shims._availability import Availability
from ssot_shims._capabilities.cache import Answers
from ssot_shims._capabilities.capability import Capability

FOLDER = "_SSOT_SHIMS_SHARED_ANSWERS"  # the variable; no setting for users


def begin(config: pytest.Config) -> None:
    """In the controller, before it starts its workers: share what is found out from now on."""
    # Where pytest-xdist puts its own: what a run that is killed leaves there, pytest removes in one of the next.
    temporary = getattr(config, "_tmp_path_factory", None)
    folder = tempfile.mkdtemp(prefix="ssot_shims-", dir=temporary and temporary.getbasetemp())
    config.add_cleanup(partial(shutil.rmtree, folder, ignore_errors=True))
    changes = pytest.MonkeyPatch()
    config.add_cleanup(changes.undo)
    changes.setenv(FOLDER, folder)
    changes.setattr(Answers, "shared", Sharing(Path(folder)))


def join(manager: pytest.PytestPluginManager) -> None:
    """In a worker, before the first conftest.py is imported: share the answers in the folder of the controller."""
    Answers.shared = Sharing(Path(os.environ.pop(FOLDER)))  # what a test starts has no part in this
    manager.register(Answers.shared, "ssot_shims sharing")


class Sharing:
    """The answers in *folder*, for the capabilities of the registry that everybody shares.

    What a test registers is its own: in another worker another test may register something else in the same line.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._collected: dict[str, Capability] | None = None

    def pytest_collection_finish(self) -> None:
        """Remember what is registered by now: what is registered later, a test registers."""
        self._collected = _registered()

    def include(self, names: Set[str]) -> None:
        """Share *names* as well, which no test but a module of the project has registered."""
        if self._collected is not None:
            self._collected.update({name: one for name, one in _registered().items() if name in names})

    def read(self, capability: Capability) -> Availability | None:
        """The answer that counts, if there is one."""
        data = _read(self._place(capability)) if self._is_shared(capability) else None
        return Availability(**data) if data else None

    def offer(self, capability: Capability, own: Availability) -> Availability:
        """The answer that counts from now on: the first; *own* where there is none, or none is to be shared."""
        if own.source != "probe":
            return own
        if own.status in ("available", "unavailable") and self._is_shared(capability):  # an answer about the machine
            data = {"status": own.status, "reason": own.reason, "hint": own.hint, "details": dict(own.details)}
            self._write(self._place(capability), data)
        first = self.read(capability)
        return own if first is None else first

    def agree(self, what: str, own: str) -> str:
        """The choice of the first process in the matter *what*; *own* if this is the first."""
        self._write(self._folder / what, {"choice": own})
        data = _read(self._folder / what)
        return str(data["choice"]) if data else own

    def _is_shared(self, capability: Capability) -> bool:
        name = capability.name
        if capability.ttl is not None or _registered().get(name) is not capability:
            return False
        is_of_a_test = self._collected is not None and self._collected.get(name) is not capability
        return capability.level != "user" or not is_of_a_test

    def _place(self, capability: Capability) -> Path:
        """Where the answer for one registration in one interpreter is."""
        identity = (capability.name, capability.level, capability.notation, capability.where, sys.executable)
        return self._folder / sha256(repr(identity).encode("ascii", "backslashreplace")).hexdigest()

    def _write(self, place: Path, data: dict[str, Any]) -> None:
        """Put *data* at *place*, whole, unless another worker was first."""
        with suppress(OSError):  # was not first, or has no room: the answer is read back anyhow
            draft = Path(tempfile.mkdtemp(dir=self._folder))
            (draft / "answer").write_text(json.dumps(data), "ascii")
            draft.rename(place)


def _read(place: Path) -> Any:
    """What was written at *place*; None when there is nothing."""
    try:
        return json.loads((place / "answer").read_text("ascii"))
    except OSError:
        return None


def _registered() -> dict[str, Capability]:
    """What is registered where everybody shares it; empty where nobody has imported that."""
    home: Any = sys.modules.get("ssot_shims._capabilities.builtin")
    return home.capabilities.registered() if home else {}

"""Whether an upstream keeps what its shim promises."""

from __future__ import annotations

from ssot_shims._contract import compare
from ssot_shims._examples import run_examples
from ssot_shims._shims.shim import shim_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ssot_shims._difference import Difference
    from ssot_shims._shims.shim import ShimRecord


def verify(obj: object) -> tuple[Difference, ...]:
    """Every promise that the upstream behind *obj* does not keep; *obj* is what a shim gave, or an instance of it.

    The structure is compared, then the examples in the placeholder's docstrings are run with the upstream object,
    unless that is of another kind. Where the shim gives its placeholder there is nothing to compare, and nothing
    differs. Raises :class:`UnknownShim` for what is from no shim.

    >>> from ssot_shims import HeartbeatConfig
    >>> verify(HeartbeatConfig)
    ()
    """
    return verify_record(shim_of(obj))


def verify_record(record: ShimRecord) -> tuple[Difference, ...]:
    """The same for the shim of a record."""
    if record.state != "upstream":
        return ()
    differences = compare(record.placeholder, record.upstream)
    if any(difference.what == record.placeholder.__name__ and difference.is_error for difference in differences):
        return differences  # of another kind, so that no example can hold
    return differences + run_examples(record.placeholder, record.upstream)

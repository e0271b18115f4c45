"""Records and errors: frozen, picklable, and clear."""

from __future__ import annotations

import copy
import pickle

import pytest

from ssot_shims import Availability, TargetResult, all_shims, errors, shim
from ssot_shims._record import Record
from ssot_shims._text import describe, escape_markdown, one_line, redact_address

ERRORS = [
    errors.InvalidDeclaration("'x' has no colon", "write a target as 'pkg.mod:Name'", "x"),
    errors.InvalidDeclaration("@skip_unless_available is put on a classmethod", "put it below @classmethod"),
    errors.InvalidSetting("S", "v", "w"),
    errors.MigrationError("p", "c"),
    errors.UpstreamMoved("X", "gone"),
    errors.UpstreamBroken("X", "broken"),
    errors.CircularShim("X", "acme"),
    errors.PlaceholderWarning("X", "gone"),
    errors.Unavailable("no device node", "plug it in"),
    errors.UnknownName("capability", "dokcer", ("docker",), ("docker", "git")),
    errors.UnknownName("value", "backend", ("backend_url",), ("backend_url",), "environment 'staging'"),
    errors.CircularProbe(("a", "b", "a")),
    errors.CapabilityMissing({"docker": "no socket", "git": "no command"}, {"docker": "start it", "git": ""}),
    errors.CapabilityMissing({"docker": "no socket"}),
    errors.NoEnvironment({"docker": "docker: unavailable: no socket"}, is_breakage=True),
]
BASES = (errors.SsotShimsError, errors.UpstreamError, errors.SsotShimsError)


class Point(Record):
    """Two numbers."""

    x: int
    y: int = 0


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_errors_survive_pickling(error: Exception) -> None:
    """Type, message and attributes are the same after a trip to another process, as pytest-xdist makes it."""
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))
    assert "\n" not in str(error)


def test_every_error_is_in_the_list_above() -> None:
    """No error is added without being pickled here."""
    public = {value for value in vars(errors).values() if isinstance(value, type) and value not in BASES}
    assert {type(error) for error in ERRORS} == public
    assert all(issubclass(kind, errors.SsotShimsError) for kind in public - {errors.PlaceholderWarning})


def test_records_compare_by_value_and_can_be_keys() -> None:
    """Equal values make equal records, another type does not; setting does not work, and the message says so."""
    place = type("Place", (Record,), {"__annotations__": {"x": int, "y": int}, "y": 0, "__module__": __name__})
    assert Point(x=1) == Point(x=1, y=0) == copy.deepcopy(Point(x=1)) == pickle.loads(pickle.dumps(Point(x=1)))
    assert Point(x=1) != Point(x=2)
    assert repr(Point(x=1)) == "Point(x=1, y=0)"
    assert Point(x=1) != place(x=1)
    assert len({Point(x=1), Point(x=1, y=0), Point(x=2)}) == 2
    assert len({hash(Point(x=x)) for x in range(1000)}) > 900  # many records in a set are found at once
    with pytest.raises(AttributeError, match="^Point is a frozen record; its x cannot be changed$"):
        Point(x=1).x = 2
    with pytest.raises(TypeError, match="^Point takes x, y; got y$"):
        Point(y=1)


def test_answers_can_be_keys_and_travel() -> None:
    """Although their details are a mapping, which has no hash; a record of a shim pickles by its public name."""
    answers = [Availability(name="docker", status="available", reason="it is", details={"api": api}) for api in "12"]
    assert len({*answers, answers[0].replace(seconds=1.0), answers[0].replace()}) == 3
    assert pickle.loads(pickle.dumps(answers[0])) == answers[0]
    shim("acme:Point")(Point)
    record = all_shims()[0]
    assert pickle.loads(pickle.dumps(record)) == record
    assert isinstance(record.results[0], TargetResult)


def test_text_from_elsewhere_cannot_steer_a_terminal() -> None:
    """Escapes, line ends and invisible characters are shown, not obeyed; an address that nobody can read is not."""
    assert redact_address("https://me:a?b@host/x") == "https://***"
    assert one_line("a\tb\r\n\x1b[2J\u202ec\ud800") == "a b \\x1b[2J\\u202ec\\ud800"
    assert escape_markdown("a|b\n# <b>*x*</b> `y` [z](u)") == "a\\|b \\# \\<b\\>\\*x\\*\\</b\\> \\`y\\` \\[z\\]\\(u\\)"


def test_an_exception_is_described_on_one_line() -> None:
    """Type and message; the type alone when there is none or it cannot be had; Ctrl-C meanwhile is still Ctrl-C."""

    class Odd(Exception):
        def __str__(self) -> str:
            raise self.args[0]

    assert describe(OSError("disk\nfull")) == "OSError: disk full"
    assert describe(KeyError()) == "KeyError"
    assert describe(OSError("x" * 991)) == f"OSError: {'x' * 991}"
    assert describe(OSError("x" * 992)) == f"OSError: {'x' * 488} ... {'x' * 497}"  # at most 1,000 characters
    assert describe(Odd(ValueError())) == "Odd"
    with pytest.raises(KeyboardInterrupt):
        describe(Odd(KeyboardInterrupt()))

"""The short notation, for any text: it reads or says what is wrong, prints back, and keeps its secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import assume, strategies as st

from ssot_shims._probes.notation import Combination, PythonProbe, read, without_secrets
from ssot_shims.errors import InvalidDeclaration
from tests.support.chance import Chance

if TYPE_CHECKING:
    from ssot_shims._probes.notation import Probe

SECRET = "hunter2"
SCHEMES = ("tcp", "unix", "http", "https", "command", "module", "import", "docker", "env", "python", "all", "any")
PARTS = (
    *("://", ":", "//", "/", "///", "@", "?", "#", "%", "%20", "[::1]", "[", "]", "[fe80::1%25eth0]", ",", ".", " "),
    *("localhost", "a.b", "b\xfccher.example", "127.0.0.1", "80", "65536", "0", "\xb2", "me", "numpy", ">=2", "~=1.4"),
    *("docker", "_x", "health", "\0", "\n", "\ud800", "\u200b", "tpc", "postgres", "SCHEME", "***"),
)
# Fragments of notations put together at random read far more often than random characters do.
ODD = st.text(st.characters(), max_size=3)
ANY_TEXT = st.text(st.characters()) | st.lists(st.sampled_from(PARTS) | ODD).map("".join)
PORT_LIKE = st.sampled_from(["", "65536", "8 0", "\xb2"])
NEARLY = st.builds("{}:{}".format, st.sampled_from(SCHEMES), ANY_TEXT) | st.builds(
    "{}://{}:{}".format, st.sampled_from(["tcp", "http"]), st.sampled_from(["localhost", "[::1]", "a..b"]), PORT_LIKE
)
HOSTS = st.sampled_from(["localhost", "a.b", "127.0.0.1", "[::1]", "[fe80::1%25eth0]", "xn--bcher-kva.example"])
PORTS = st.just("") | st.integers(1, 65535).map(":{}".format)
WORDS = st.text("abz_\xe9", min_size=1, max_size=5)
PATHS = st.text("ab/%:@=&.~\xe9", max_size=8).map("/{}".format)
PROGRAMS = WORDS | PATHS.filter(lambda path: "//" not in path)  # which would begin an address
LETTERS = st.text("abz", min_size=1, max_size=5)
PROPER = st.one_of(
    st.builds("tcp://{}:{}".format, HOSTS, st.integers(1, 65535)),
    st.builds("unix://{}".format, PATHS),
    st.builds("http{}://{}{}{}".format, st.sampled_from(["", "s"]), HOSTS, PORTS, st.just("") | PATHS),
    st.builds("command:{}".format, PROGRAMS),
    st.builds("module:{}{}".format, WORDS, st.sampled_from(["", ">=2", ">=1.4,<2", "==1.*", "~=1.4"])),
    st.builds("import:{}.{}".format, WORDS, WORDS),
    st.builds("docker:container={}".format, LETTERS),
    st.builds("env:{}{}".format, LETTERS, st.just("") | WORDS.map("={}".format)),
    st.builds("python:{}.{}:{}.{}".format, WORDS, WORDS, WORDS, WORDS),
    st.builds("{}:{}".format, st.sampled_from(["all", "any"]), st.lists(LETTERS, min_size=1).map(",".join)),
)


def outcome(text: str) -> Probe | PythonProbe | Combination | InvalidDeclaration:
    """The probe, or the refusal."""
    try:
        return read(text)
    except InvalidDeclaration as error:
        return error


def test_any_text_reads_or_is_refused(always: Chance) -> None:
    """Nothing but InvalidDeclaration comes of it; what a probe shows of itself reads as the same probe."""

    def reads_or_says_why(text: str) -> None:
        found = outcome(text)
        assert str(found).isprintable()
        if isinstance(found, InvalidDeclaration):
            assert found.value == without_secrets(text)
        else:
            again = read(found.notation)
            assert again.notation == found.notation
            assert found.notation != text or again == found

    always(reads_or_says_why, 400, text=ANY_TEXT | NEARLY | NEARLY | PROPER)


def test_what_is_written_properly_reads(always: Chance) -> None:
    """Every form in the documentation is understood, and what has no secrets is shown as it was meant."""

    def reads(text: str) -> None:
        assert read(text).notation == text or "@" in text

    always(reads, 200, text=PROPER)


# Anything may stand before the @ or behind the ?, and anybody may have misspelled the rest.
ADDRESSES = ["tcp://", "http://", "https://"]
OPENINGS = st.sampled_from([*ADDRESSES, "unix://", "postgres://", "htp://", "env://", "http:", "tcp:/", "", " http://"])
PIECES = ["me", "example.org", "1", "%40", "\xe9", *"::@@//??##[]."]
AROUND = st.lists(st.sampled_from(PIECES), max_size=5).map("".join)
ANY_AROUND = AROUND | st.text(st.characters(), max_size=5)
USERS = st.sampled_from(["me:", "me@example.org:", "[me:"]) | ANY_AROUND


def shown(text: str) -> tuple[str, bool]:
    """All that is shown of *text*, and whether it reads."""
    found = outcome(text)
    is_read = not isinstance(found, InvalidDeclaration)
    return f"{found} {found!r} {found.notation if is_read else found.value}", is_read


def test_no_user_and_no_password_is_shown(always: Chance) -> None:
    """Whatever stands before an @ is shown neither by a probe nor in the refusal of one, however odd it is.

    A / ? or # in it ends the user and the password, as RFC 3986 has it: if that reads, all of it is a path.
    """

    def keeps_it(opening: str, before: str, after: str, rest: str) -> None:
        if opening == "unix://":
            assume(not before.startswith("/"))  # which begins the path of a socket
        told, is_read = shown(f"{opening}{before}{SECRET}{after}@{rest}")
        assert SECRET not in told or (is_read and any(mark in before + after for mark in "/?#"))

    rest = st.builds("{}{}".format, HOSTS, AROUND) | ANY_AROUND
    always(keeps_it, 400, opening=OPENINGS, before=USERS, after=ANY_AROUND, rest=rest)


def test_no_query_is_shown(always: Chance) -> None:
    """A token behind ? or # is shown neither by a probe nor in the refusal of one."""

    def keeps_it(opening: str, host: str, mark: str, before: str, after: str) -> None:
        assert SECRET not in shown(f"{opening}{host}{mark}{before}{SECRET}{after}")[0]

    openings = OPENINGS.filter(lambda opening: opening != "unix://")
    places = {"host": HOSTS | ANY_AROUND, "mark": st.sampled_from("?#"), "before": AROUND, "after": ANY_AROUND}
    always(keeps_it, 200, opening=openings, **places)

"""The head of an HTTP answer: arbitrary bytes, split anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic
from unittest import mock

from hypothesis import strategies as st

from ssot_shims._availability import Availability
from ssot_shims._probes import docker
from ssot_shims._probes.connection import Answer, ProtocolError, Stream
from ssot_shims._probes.docker_address import DockerAddress
from tests.support.chance import Chance

LIMIT = 65536  # bytes of one head


class Pieces(Stream):
    """A connection that gives the next piece each time somebody reads, and in the end is closed."""

    def __init__(self, answer: bytes, places: Sequence[int]) -> None:
        """Cut *answer* at *places*, which are counted from the start or from the end."""
        super().__init__(None, monotonic() + 30)
        cuts = sorted({min(abs(place), len(answer)) if place >= 0 else max(len(answer) + place, 0) for place in places})
        ends = zip([0, *cuts], [*cuts, len(answer)], strict=True)
        self._pieces = [answer[start:end] for start, end in ends if start < end]

    def __exit__(self, *_: object) -> None: ...

    def send(self, data: bytes) -> None: ...

    def receive(self) -> bytes:
        return self._pieces.pop(0) if self._pieces else b""


def head_of(answer: bytes, cuts: Sequence[int] = ()) -> tuple[int, list[str]] | str:
    """Status and headers, or what is said of the peer but for the bytes quoted, which are those that have come."""
    try:
        head = Answer(Pieces(answer, cuts))
    except ProtocolError as error:
        return str(error).partition("b'")[0].partition('b"')[0]
    return head.status, [head.headers.get(name, "") for name in ("api-version", "location", "x")]


def docker_says(answer: bytes, cuts: Sequence[int]) -> Availability:
    """The answer about an engine that says that."""
    address = DockerAddress(host="unix:///run/acme.sock", source="from DOCKER_HOST", place="/run/acme.sock")
    with mock.patch.object(docker, "_connection", return_value=Pieces(answer, cuts)):
        return docker.answer_at(address, monotonic() + 30)


LINE_ENDS = st.sampled_from([b"\r\n", b"\n"])
ENDS = [b"\r\n", b"\n", b"\r", b"\r\n\r\n", b"\n\n", b"\n\r\n", b"\0", b"\xff", b" ", b"OK", b"X: y", b"X"]
PIECES = st.sampled_from(
    [
        *(b"HTTP/1.1 200 OK", b"HTTP/1.0 200", b"HTTP/1.1 100 Continue", b"HTTP/1.1 103", b"HTTP/1.1 101 Switching"),
        *(b"HTTP/2 200", b"HTTP/1.1 2000", b"HTTP/1.1 404 No", b"HTTP/1.1", b"HTTP/", b"http/1.1 200 OK", b"SSH-2.0-x"),
        *(b"Api-Version: 1.41", b"API-VERSION:1", b"Api-Version:", b"Api-Version: ", b" Api-Version: 1"),
        *(b"Libpod-Api-Version: 5", *ENDS),
    ]
)
ANYTHING = st.lists(PIECES | PIECES | st.binary(max_size=3), max_size=12).map(b"".join)
LINES = st.lists(st.sampled_from([b"Api-Version: 1.41", b"api-version:2", b"X: y"]) | PIECES, min_size=1, max_size=4)
FIRST = st.sampled_from([b"HTTP/1.1 200 OK", b"HTTP/1.0 200", b"HTTP/1.1 200 OK", b"HTTP/1.1 404 No", b"HTTP/1.1 204"])
NEARLY = st.builds(
    lambda first, lines, end, rest: end.join([first, *lines, b"", b""]) + rest, FIRST, LINES, LINE_ENDS, ANYTHING
)
CUTS = st.lists(st.integers(-40, 60), max_size=8) | st.just(range(40))


def test_an_answer_is_the_same_however_it_is_split(always: Chance) -> None:
    """In one piece, byte by byte, or cut anywhere: no bytes raise anything else, and a yes needs 200 and a version."""
    yes = []

    def is_the_same(answer: bytes, cuts: Sequence[int]) -> None:
        head = head_of(answer)
        assert head_of(answer, cuts) == head
        found = docker_says(answer, cuts)
        assert found.reason.isprintable()
        assert bool(found) is (not isinstance(head, str) and head[0] == 200 and head[1][0] != "")
        yes.append(bool(found))

    always(is_the_same, 250, answer=ANYTHING | NEARLY, cuts=CUTS)
    assert min(yes.count(True), yes.count(False)) > 10


def test_a_head_is_too_long_however_it_is_split(always: Chance) -> None:
    """The limit is a number of bytes, and not of pieces."""

    def is_the_same(size: int, end: bytes, cuts: Sequence[int]) -> None:
        start = b"HTTP/1.1 200 OK\r\nApi-Version: 1\r\nX: "
        found = head_of(start + b"x" * (size - len(start) - len(end)) + end + b"OK", cuts)
        expected = "the head of its answer does not end within 65536 bytes" if size > LIMIT else 200
        assert (found if isinstance(found, str) else found[0]) == expected

    sizes = st.integers(LIMIT - 3, LIMIT + 3) | st.sampled_from([100, LIMIT + 4000, LIMIT + 9000])
    always(is_the_same, 60, size=sizes, end=st.sampled_from([b"\n\n", b"\r\n\r\n"]), cuts=CUTS)


VERSIONS = st.text("0123456789.", min_size=1, max_size=6)
LINES_AROUND = [b"Server: Docker/27", b"X-Api-Version: 9", b"Content-Length: 2", b"X:", b"Ostype: linux"]
HEADERS = st.lists(st.sampled_from(LINES_AROUND), max_size=3)
STATUSES = st.sampled_from([200, 200, 200, 201, 204, 301, 400, 404, 500, 599])


def test_an_engine_is_seen_where_one_is(always: Chance) -> None:
    """200 with an Api-Version behind any interim answers is a yes, with that version; all else is a no."""

    def is_right(
        status: int, version: str, name: str, around: list[list[bytes]], interim: int, end: bytes, cuts: Sequence[int]
    ) -> None:
        given = [f"{name}: {version}".encode()] if name else []
        head = b"".join(line + end for line in [b"HTTP/1.1 %d Whatever" % status, *around[0], *given, *around[1], b""])
        found = docker_says(b"HTTP/1.1 103 Wait\r\nApi-Version: 0\r\n\r\n" * interim + head + b"OK", cuts)
        assert bool(found) is (status == 200 and bool(name))
        assert not found or found.details["api_version"] == version

    names = st.sampled_from(["Api-Version", "api-version", "API-VERSION", ""])
    answer = {"status": STATUSES, "version": VERSIONS, "name": names, "end": LINE_ENDS, "cuts": CUTS}
    interim, around = st.sampled_from([0, 0, 0, 1, 5, 6]), st.lists(HEADERS, min_size=2, max_size=2)
    always(is_right, 250, around=around, interim=interim, **answer)

"""How something is called: as a function, a coroutine function, a generator or a context manager."""

from __future__ import annotations

import pytest

from tests.contract.pairs import pairs, said_of

ASYNC = """
# plain became async
class C:
    def send(self): ...
    def __enter__(self): ...
--
class C:
    async def send(self): ...
    async def __enter__(self): ...
error: C.send: function | coroutine function
error: C.__enter__: function | coroutine function
# async became plain
class C:
    async def known(self): ...
    async def unknown(self): ...
    async def anything(self) -> str: ...
    async def perhaps(self) -> str: ...
    async def union(self) -> str: ...
    async def ready(self) -> str: ...
--
Reply = Union[Awaitable[Any], Any]
class C:
    def known(self) -> None: ...
    def unknown(self): ...
    def anything(self) -> Any: ...
    def perhaps(self) -> Reply: ...
    def union(self) -> Awaitable[str] | str: ...
    def ready(self) -> Awaitable[str]: ...
error: C.known: coroutine function | function
note: C.unknown: coroutine function | function
note: C.anything: coroutine function | function
note: C.perhaps: coroutine function | function
note: C.union: coroutine function | function
# async generator
async def C(): yield
--
async def C(): ...
error: C: async generator function | coroutine function
# async generator became plain
--
def C() -> int: ...
error: C: async generator function | function
# async generator by its return type
async def C() -> AsyncIterator[int]: yield 1
--
def C() -> AsyncGenerator[int, None]: ...
# an awaitable by its return type
def C() -> Awaitable[int]: ...
--
async def C() -> int: ...
# an awaitable without a word
--
def C(): ...
# a coroutine that gives an awaitable
async def C() -> Awaitable[int]: ...
--
async def C() -> int: ...
note: C return type: Awaitable[int] | int
# an object that is called
def C(): ...
--
class Caller:
    async def __call__(self): ...
C = Caller()
error: C: function | coroutine function
# wrapped
async def C(): ...
--
async def _call(): ...
@functools.wraps(_call)
def C(): ...
# partial
--
async def _call(host): ...
C = functools.partial(_call, "acme")
"""

MANAGERS = """
# methods
class C:
    @contextmanager
    def session(self): yield
    @contextmanager
    def closed(self): yield
    def plain(self): ...
    @classmethod
    @contextmanager
    def open(cls): yield
--
class C:
    @asynccontextmanager
    async def session(self): yield
    @contextmanager
    def closed(self): yield
    @contextmanager
    def plain(self): yield
    @classmethod
    @asynccontextmanager
    async def open(cls): yield
error: C.session: context manager | async context manager
error: C.open: context manager | async context manager
# by its return type
@contextmanager
def C(): yield
--
def C() -> AbstractAsyncContextManager[int]: ...
error: C: context manager | async context manager
# of both kinds
--
class Both:
    def __enter__(self): ...
    def __exit__(self, *exception): ...
    async def __aenter__(self): ...
    async def __aexit__(self, *exception): ...
def C() -> Both: ...
# a coroutine function became one
async def C(): ...
--
@asynccontextmanager
async def C(): yield
error: C: coroutine function | async context manager or function
# of a class
class C:
    def __enter__(self): ...
    def __exit__(self, *exception): ...
--
class C:
    async def __aenter__(self): ...
    async def __aexit__(self, *exception): ...
error: C.__enter__: special method | none of its own
error: C.__exit__: special method | none of its own
"""


@pytest.mark.parametrize(("mine", "theirs", "expected"), pairs(ASYNC + MANAGERS))
def test_calls(mine, theirs, expected):
    """``await``, ``async for`` and ``with`` go on working; of what a plain function returns unsaid, only a note."""
    assert said_of(mine, theirs) == expected

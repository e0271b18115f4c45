"""How an instance is made, and a subclass: constructors, exceptions, and the keywords behind the bases."""

from __future__ import annotations

import pytest

from tests.contract.pairs import pairs, said_of

CONSTRUCTORS = """
# behind __new__ that passes everything on
def __init__(self, host, retries=3): ...
--
class Base:
    def __new__(cls, *args, **kwargs): ...
class C(Base):
    def __init__(self, host): ...
error: C(retries): retries=3 | no such parameter
# behind @deprecated
--
@deprecated("use Session")
class C:
    def __init__(self, host): ...
error: C(retries): retries=3 | no such parameter
# behind a decorator that says what it wraps
--
def logged(function):
    return functools.wraps(function)(lambda *args, **kwargs: function(*args, **kwargs))
class C:
    @logged
    def __init__(self, host): ...
error: C(retries): retries=3 | no such parameter
# behind a metaclass, which may add arguments
--
class Meta(abc.ABCMeta):
    def __call__(cls, *args, **kwargs): ...
class C(metaclass=Meta):
    def __init__(self, host): ...
note: C(retries): retries=3 | no such parameter
# by a metaclass that has every name
def __init__(self, host): ...
--
class Meta(type):
    def __getattr__(cls, name): return 1
class C(metaclass=Meta):
    def __init__(self): ...
note: C: the signature (host) | one that cannot be read
# it passes everything on itself
def __init__(self, host, retries=3): ...
--
def __init__(self, *args, **kwargs): ...
note: C: the signature (host, retries=3) | one that passes on what it is given
# of both
def __init__(self, *args, **kwargs): ...
--
def __init__(self, *args, **kwargs): ...
# of __new__ alone
def __init__(self, host, retries=3): ...
--
def __new__(cls, host, retries=3): ...
def __init__(self, *args, **kwargs): ...
# __new__ became __init__
def __new__(cls, host): ...
--
def __init__(self, host): ...
# __init__ became __new__
def __init__(self, host): ...
--
def __new__(cls, host): ...
# written in C
class C(int):
    def __init__(self, number=0): ...
--
class C(int): ...
note: C: the signature (number=0) | one that cannot be read
"""

EXCEPTIONS = """
# lost its constructor
class C(RuntimeError):
    def __init__(self, peer, *, code=1): ...
--
class C(RuntimeError): ...
error: C(peer): peer | no such parameter
error: C(code): code=1 | no such parameter
# got a constructor that takes a message
class C(RuntimeError): ...
--
class C(RuntimeError):
    def __init__(self, peer): ...
# wants more than a message
class C(Exception): ...
--
class C(Exception):
    def __init__(self, message, *, request, response): ...
error: C(request): no such parameter | keyword-only, required: request
error: C(response): no such parameter | keyword-only, required: response
# the keywords of an ImportError
class C(ImportError):
    def __init__(self, text, *, name=None): ...
--
class C(ImportError): ...
error: C(text): text | no such parameter
# passes everything on
class C(OSError): ...
--
class C(OSError):
    def __init__(self, *args, **kwargs): ...
note: C: the signature (message: 'Any', /) -> 'None' | one that passes on what it is given
"""

SUBCLASSING = """
# keywords changed
def __init_subclass__(cls, /, name="", **options): ...
--
def __init_subclass__(cls, /, *, kind): ...
error: C.__init_subclass__(name): name='' | no such parameter
error: C.__init_subclass__(kind): no such parameter | keyword-only, required: kind
error: C.__init_subclass__(**kwargs): **kwargs | no **kwargs
# keywords that subclasses need
class C: ...
--
def __init_subclass__(cls, *, kind): ...
error: C.__init_subclass__(kind): no such parameter | keyword-only, required: kind
# keywords that are passed on
--
def __init_subclass__(cls, *args, **kwargs): ...
# keywords that are gone
def __init_subclass__(cls, *, kind=None): ...
--
class C: ...
error: C.__init_subclass__(kind): kind=None | no such parameter
# keywords that a metaclass may take
--
class Meta(type):
    def __new__(cls, name, bases, names, kind=None): return type.__new__(cls, name, bases, names)
    def __init__(cls, name, bases, names, kind=None): ...
class C(metaclass=Meta): ...
note: C.__init_subclass__(kind): kind=None | no such parameter
# the same metaclass takes none
class Meta(type): ...
class C(metaclass=Meta):
    def __init_subclass__(cls, *, kind=None): ...
--
from acme_placeholder import Meta
class C(metaclass=Meta): ...
error: C.__init_subclass__(kind): kind=None | no such parameter
"""


@pytest.mark.parametrize(("mine", "theirs", "expected"), pairs(CONSTRUCTORS + EXCEPTIONS + SUBCLASSING))
def test_construction(mine, theirs, expected):
    """A call is compared where Python takes it from; an error only where it is certain to fail."""
    assert said_of(mine, theirs) == expected

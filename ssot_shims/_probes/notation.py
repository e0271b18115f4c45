"""What can find out whether something is there, and the short notation for it.

Reading a notation opens nothing and imports no socket; that is left to the moment when somebody asks.
"""

from __future__ import annotations

from ssot_shims._record import Record
from ssot_shims._settings import is_capability_name
from ssot_shims._text import redact, redact_address
from ssot_shims.errors import InvalidDeclaration

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal

    from ssot_shims._availability import Availability


class Probe(Record):
    """A probe of this library. It keeps its deadline itself, and leaves nothing behind."""

    is_service = False  # whether SSOT_SHIMS_NO_SERVICES turns it off

    notation: str  # what the user wrote, without secrets

    def prepare(self) -> None:
        """Import what :meth:`ask` needs, in the thread that asks and before the clock starts."""

    def ask(self, deadline: float) -> Availability | Callable[[], Availability]:
        """The answer, given before *deadline* (as ``time.monotonic()`` counts), or the function that finds it."""
        raise NotImplementedError


class PythonProbe(Record):
    """A function named in the notation, ``python:pkg.mod:function``; not imported before somebody asks."""

    notation: str
    module: str
    function: str

    def load(self) -> Callable[[], object]:
        """The function itself. Importing its module may raise anything, and that passes through."""
        import sys
        from importlib import import_module  # probes of this kind are few

        found: object = import_module(self.module)
        for name in self.function.split("."):
            if not hasattr(found, name) and _is_half_imported(sys.modules.get(self.module)):
                raise ImportError(
                    f"{self.module} is still being imported and has no {self.function} yet; "
                    f"ask below the definition of {self.function}, or inside a function"
                )
            found = getattr(found, name)
        if not callable(found):
            raise TypeError(f"{self.module}:{self.function} is of type {type(found).__qualname__}, not a function")
        return found


def _is_half_imported(module: object) -> bool:
    return bool(getattr(getattr(module, "__spec__", None), "_initializing", False))


class Combination(Record):
    """Other capabilities by name: ``all:docker,postgres`` or ``any:docker,staging``."""

    notation: str
    kind: Literal["all", "any"]
    names: tuple[str, ...]


class NotationError(Exception):
    """What is wrong with the part after the scheme, and what is expected instead (empty: the form of the scheme)."""

    def __init__(self, problem: str, expected: str = "") -> None:
        super().__init__(problem, expected)
        self.problem = problem
        self.expected = expected


# Scheme, how it is written, and the module with its reader.
_FORMS = {
    "tcp": ("tcp://host:port", "network"),
    "unix": ("unix:///absolute/path", "network"),
    "http": ("http://host/path", "http"),
    "https": ("https://host/path", "http"),
    "command": ("command:NAME", "command"),
    "module": ("module:NAME or module:NAME>=2", "module"),
    "env": ("env:NAME", "command"),
    "python": ("python:pkg.mod:function", "notation"),
    "all": ("all:NAME,NAME", "notation"),
    "any": ("any:NAME,NAME", "notation"),
}
_URLS = ("tcp", "unix", "http", "https")
_WITH_AT = (*_URLS, "command")  # the others read no address and no @, and may quote what they are given


def read(notation: str) -> Probe | PythonProbe | Combination:
    """The probe that *notation* stands for.

    Raises :class:`InvalidDeclaration` with the part that is wrong.

    >>> read("tcp://localhost:5432").notation
    'tcp://localhost:5432'
    >>> read("all:docker,postgres")
    Combination(notation='all:docker,postgres', kind='all', names=('docker', 'postgres'))
    >>> read("tpc://localhost:5432")
    Traceback (most recent call last):
    ssot_shims.errors.InvalidDeclaration: the probe 'tpc://localhost:5432' has an unknown scheme 'tpc'; close: tcp; \
expected tcp://host:port, unix:///absolute/path, http://host/path, https://host/path, command:NAME, module:NAME or \
module:NAME>=2, env:NAME, python:pkg.mod:function, all:NAME,NAME, any:NAME,NAME
    """
    if not isinstance(notation, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # callers without a type checker
        problem = f"the probe '<{type(notation).__name__}>' is not a string"
        raise InvalidDeclaration(problem, "expected text such as 'tcp://localhost:5432'")
    scheme, _, rest = notation.partition(":")
    shown = without_secrets(notation)
    form, home = _FORMS.get(scheme, ("", ""))
    try:
        _refuse_what_never_fits(notation)
        if not home:
            raise _unknown(shown)
        if rest.startswith("//") != (scheme in _URLS):
            raise NotationError(f"has {'no ' if scheme in _URLS else ''}// after {scheme}:")
        from importlib import import_module  # only the kinds that are in use are loaded

        reader = getattr(import_module(f"ssot_shims._probes.{home}"), f"read_{scheme}")
        part = (rest if scheme in _WITH_AT else shown.partition(":")[2]).removeprefix("//")
        return reader(shown, part)  # type: ignore[no-any-return]  # each reader gives one of the three
    except NotationError as wrong:
        raise InvalidDeclaration(
            f"the probe {shown!r} {wrong.problem}", f"expected {wrong.expected or form}", shown
        ) from None


def _refuse_what_never_fits(notation: str) -> None:
    if not notation.strip():
        raise NotationError("is empty", "text such as 'tcp://localhost:5432'")
    if "\0" in notation:
        raise NotationError("has an embedded NUL", "text without one")
    if notation != notation.strip():
        raise NotationError("has a blank at its start or end", "none there")
    if not notation.isprintable():
        raise NotationError("has a character in it that does not print", "text on one line")


def _unknown(shown: str) -> NotationError:
    from ssot_shims._text import did_you_mean  # only for what is misspelled

    scheme, colon, _ = shown.partition(":")
    expected = ", ".join(form for form, _ in _FORMS.values())
    if not colon or not scheme.isidentifier():
        return NotationError("has no scheme", expected)
    return NotationError(f"has an unknown scheme {scheme!r}{did_you_mean(scheme, _FORMS)}", expected)


def without_secrets(notation: str) -> str:
    """*notation* with ``***`` for whatever may be a user, a password or a token, readable or not.

    >>> without_secrets("https://me:secret@host/health?token=secret")
    'https://***@host/health?***'
    """
    kind, colon, rest = notation.partition(":")
    if kind in _FORMS and kind not in _URLS and not rest.startswith("//"):
        return f"{kind}{colon}{redact(rest)}"
    return redact_address(notation)


def split_before(marks: str, text: str) -> tuple[str, str]:
    """*text* up to the first of *marks*, and the rest with it."""
    cut = min((at for at in map(text.find, marks) if at >= 0), default=len(text))
    return text[:cut], text[cut:]


def read_python(notation: str, rest: str) -> PythonProbe:
    """The probe of ``python:pkg.mod:function``."""
    module, colon, function = rest.partition(":")
    if not colon:
        raise NotationError(f"has no colon between module and function in {rest!r}")
    for part, dotted in (("module", module), ("function", function)):
        if not is_dotted_name(dotted):
            raise NotationError(f"names the {part} {dotted!r}, which is no dotted name")
    return PythonProbe(notation=notation, module=module, function=function)


def read_all(notation: str, rest: str) -> Combination:
    """All of ``all:docker,postgres``."""
    return _combination(notation, "all", rest)


def read_any(notation: str, rest: str) -> Combination:
    """Any of ``any:docker,staging``."""
    return _combination(notation, "any", rest)


def _combination(notation: str, kind: Literal["all", "any"], rest: str) -> Combination:
    if not rest:
        raise NotationError("names no capability")
    names = tuple(rest.split(","))
    for name in names:
        if not is_capability_name(name):
            raise NotationError(
                f"names the capability {name!r}",
                f"names of small letters, digits and _, parted by commas: {kind}:NAME,NAME",
            )
    return Combination(notation=notation, kind=kind, names=names)


def is_dotted_name(text: str) -> bool:
    """Whether *text* reads as ``pkg.mod``."""
    return all(name.isidentifier() for name in text.split("."))

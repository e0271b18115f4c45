"""What can find out whether something is there, and the short notation for it.

Reading a notation opens nothing and imports no socket; that is left to the moment when somebody asks.
"""

from __future__ import annotations

from functools import reduce
from importlib import import_module

from ssot_shims._availability import Availability
from ssot_shims._record import TYPE_CHECKING, Record
from ssot_shims._settings import is_capability_name
from ssot_shims._text import close_as_text, redact, redact_address
from ssot_shims.errors import InvalidDeclaration, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Literal


class Probe(Record):
    """A probe of this library."""

    is_service = False  # whether SSOT_SHIMS_NO_SERVICES turns it off
    imports = ""  # the modules that :meth:`ask` needs, parted by blanks

    notation: str  # what the user wrote, without secrets

    def prepare(self) -> None:
        """Import what :meth:`ask` needs, in the thread that asks and before the clock starts."""
        for module in self.imports.split():
            import_module(module)

    def ask(self, deadline: float) -> Availability:
        """The answer, given before *deadline*, a value of ``monotonic()``, where the probe can keep it itself."""
        try:
            return self.try_it(deadline)
        except Unavailable as error:
            return Availability(status="unavailable", reason=error.reason, hint=error.hint)

    def try_it(self, deadline: float) -> Availability:
        """What :meth:`ask` answers. Raises Unavailable for a plain no."""
        raise NotImplementedError


class PythonProbe(Record):
    """A function named in the notation, ``python:pkg.mod:function``; not imported before somebody asks."""

    notation: str
    module: str
    function: str

    def load(self) -> Callable[[], object]:
        """The function itself. Importing its module may raise anything, and that passes through."""
        found: Any = reduce(getattr, self.function.split("."), import_module(self.module))
        return found  # type: ignore[no-any-return]


class Combination(Record):
    """Other capabilities by name: ``all:docker,postgres`` or ``any:docker,staging``."""

    notation: str
    kind: Literal["all", "any"]
    names: tuple[str, ...]


class NotationError(Exception):
    """What is wrong with a notation, and what is expected instead (empty: the form of its scheme)."""

    def __init__(self, problem: str = "", expected: str = "") -> None:
        self.problem = problem
        self.expected = expected


# Each scheme with its form and its reader, whose module is loaded with the first probe of that kind.
_FORMS = {
    "tcp": ("tcp://host:port", "network", "read_tcp"),
    "unix": ("unix:///absolute/path", "network", "read_unix"),
    "http": ("http://host/path", "http", "read_http"),
    "https": ("https://host/path", "http", "read_http"),
    "command": ("command:NAME", "command", "read_command"),
    "module": ("module:NAME or module:NAME>=2", "module", "read_module"),
    "import": ("import:pkg.mod", "module", "read_import"),
    "docker": ("docker:container=NAME", "docker_container", "read_docker"),
    "env": ("env:NAME or env:NAME=value", "command", "read_env"),
    "python": ("python:pkg.mod:function", "notation", "read_python"),
    "all": ("all:NAME,NAME", "notation", "read_combination"),
    "any": ("any:NAME,NAME", "notation", "read_combination"),
}
_URLS = ("tcp", "unix", "http", "https")
_WITH_AT = (*_URLS, "command", "env")  # the others read no address and no @, and may quote what they are given


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
module:NAME>=2, import:pkg.mod, docker:container=NAME, env:NAME or env:NAME=value, python:pkg.mod:function, \
all:NAME,NAME, any:NAME,NAME
    """
    scheme, _, rest = notation.partition(":")
    shown = without_secrets(notation)
    form, home, reader = _FORMS.get(scheme, ("", "", ""))
    try:
        if notation != notation.strip() or not notation.isprintable():
            raise NotationError("has a blank at its start or end, or a character that does not print", "neither")
        if not home:
            is_place = rest.isdecimal()  # localhost:5432
            expected = f"tcp://{shown}" if is_place else ", ".join(form for form, *_ in _FORMS.values())
            word = shown.partition(":")[0]
            raise NotationError(f"has an unknown scheme {word!r}{word and close_as_text(word, _FORMS)}", expected)
        if rest.startswith("//") != (scheme in _URLS):
            raise NotationError(f"has {'no ' if scheme in _URLS else ''}// after {scheme}:")
        part = (rest if scheme in _WITH_AT else shown.partition(":")[2]).removeprefix("//")
        found: Probe | PythonProbe | Combination = getattr(import_module(f"{__package__}.{home}"), reader)(shown, part)
        return found
    except NotationError as wrong:
        expected = f"expected {wrong.expected or form}"
        raise InvalidDeclaration(f"the probe {shown!r} {wrong.problem}", expected, shown) from None


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
    module, _, function = rest.partition(":")
    refuse_bad_dotted_name("module", module)
    refuse_bad_dotted_name("function", function)
    return PythonProbe(notation=notation, module=module, function=function)


def read_combination(notation: str, rest: str) -> Combination:
    """All of ``all:docker,postgres``, or any of ``any:docker,staging``."""
    kind: Literal["all", "any"] = "all" if notation.startswith("all:") else "any"
    names = tuple(rest.split(","))
    for name in names:
        if not is_capability_name(name):
            raise NotationError(f"names the capability {name!r}, which is not a valid name")
    return Combination(notation=notation, kind=kind, names=names)


def refuse_bad_dotted_name(what: str, text: str) -> None:
    """Raise :class:`NotationError` unless *text*, which names a *what*, reads as ``pkg.mod``."""
    if not all(name.isidentifier() for name in text.split(".")):
        raise NotationError(f"names the {what} {text!r}, which is not a dotted name")

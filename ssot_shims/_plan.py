"""An environment as pyproject.toml declares it: what it requires, and values that may name environment variables."""

from __future__ import annotations

import os
from string import Template

from ssot_shims._capabilities.capability import refuse_bad_name
from ssot_shims._probes.address import read_authority
from ssot_shims._probes.notation import Misread, split_before, without_secrets
from ssot_shims._record import Record
from ssot_shims.errors import InvalidCapability, InvalidSetting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

# Behind any other scheme a path may follow at once, as in unix:///run/acme.sock or sqlite:///acme.db.
_NEED_A_HOST = ("http", "https", "ws", "wss", "tcp")


class EnvironmentPlan(Record):
    """A name, the capabilities that have to be there, the values as they are written, and the file they stand in."""

    name: str
    requires: tuple[str, ...]
    values: Mapping[str, str]
    where: str

    def check(self) -> None:
        """Raise :class:`InvalidSetting` for what is wrong on every machine."""
        for name in self.requires:
            self._check_requirement(name)
        for key, text in self.values.items():
            if "://" in key or not key.isprintable():
                shown = "<an address>" if "://" in key else key  # it may hold a password
                raise InvalidSetting(f"a key of {self.setting('values')}", shown, "a word such as 'backend_url'")
            if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # the file may hold anything
                raise self._wrong(key, f"<{type(text).__name__}>", "a string")
            template = Template(text)
            if not template.is_valid():
                raise self._wrong(key, "a text with a lone $", "${NAME} for an environment variable, $$ for a dollar")
            if not template.get_identifiers():
                self._fill(key, text)

    def filled(self) -> dict[str, str]:
        """The values with every ``${NAME}`` replaced by that environment variable.

        Raises :class:`InvalidSetting` for a variable that is not set, and for what should be a URL and is none.
        """
        return {key: self._fill(key, text) for key, text in self.values.items()}

    def setting(self, part: str) -> str:
        """How *part* of this plan is named where it is wrong."""
        return f"tool.ssot_shims.environments.{self.name}.{part} in {self.where}"

    def _check_requirement(self, name: str) -> None:
        try:
            refuse_bad_name(name)
        except InvalidCapability as error:
            if "://" in name:  # an address in the place of a name may hold a password
                name, expected = "<an address>", "names such as 'postgres', each registered with its address"
            else:
                expected = f"names of capabilities: {error.expected}"
            raise InvalidSetting(self.setting("requires"), name, expected) from None

    def _wrong(self, key: str, shown: str, expected: str) -> InvalidSetting:
        """The error for a value, of which only so much is *shown* as holds no secret."""
        return InvalidSetting(self.setting(f"values.{key}"), shown, expected)

    def _fill(self, key: str, text: str) -> str:
        template = Template(text)
        value = template.safe_substitute(os.environ)
        unset = [name for name in template.get_identifiers() if name not in os.environ]
        if unset or (text.strip() and not value.strip()):
            names = unset or template.get_identifiers()
            shown = " ".join(f"${{{name}}}" for name in names)
            raise self._wrong(key, shown, f"{' and '.join(names)} to be set and not empty")
        try:
            _refuse_bad_url(value)
        except Misread as error:
            expected = f"{error.expected or 'an address such as https://host:8000/path'}; it {error.problem}"
            raise self._wrong(key, _without_secrets(value), expected) from None
        return value


def _without_secrets(value: str) -> str:
    scheme, slashes, rest = value.partition("://")
    return without_secrets(value) if _is_scheme(scheme) else f"***{slashes}{without_secrets(rest)}"


def _is_scheme(text: str) -> bool:
    return text.isascii() and text[:1].isalpha() and all(c.isalnum() or c in "+-.:" for c in text)


def _refuse_bad_url(value: str) -> None:
    """Raise :class:`Misread` when *value* is meant for a URL and does not read as one."""
    scheme, slashes, rest = value.partition("://")
    if not slashes:
        return
    if not _is_scheme(scheme):
        raise Misread("has no scheme before ://")
    wrong = next((c for c in rest if c.isspace() or not c.isprintable()), "")
    if wrong:
        raise Misread(f"has {wrong!r} in it", "%20 for a blank")
    if rest.startswith("/") and scheme.lower() not in _NEED_A_HOST:
        return
    head, tail = split_before("/?#", rest)
    user, at, places = head.rpartition("@")
    for place in places.split(","):  # databases are given several hosts at once
        read_authority(f"{user}{at}{place}{tail}")

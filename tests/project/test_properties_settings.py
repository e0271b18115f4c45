"""The environment variables and the pyproject table, whatever they hold: an answer, or an error with its place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import strategies as st

from ssot_shims import Registry, _settings
from ssot_shims._lookup.lookup import Target
from ssot_shims._project.pyproject import Project, read_project
from ssot_shims._shims.upstream import resolve
from ssot_shims.errors import InvalidSetting
from tests.support.chance import Chance

FLAGS: dict[str, Callable[[], object]] = {
    _settings.STRICT: _settings.strict,
    "SSOT_SHIMS_HAS_DB": lambda: check(),
    "SSOT_SHIMS_NO_SERVICES": lambda: check(),
    "ORCHESTRATION_DB_AVAILABLE": lambda: check(),
    "TEST_NO_SERVICES": lambda: check(),
}
READERS = FLAGS | {
    _settings.PLACEHOLDERS: _settings.forced_placeholders,
    _settings.TIMEOUT: _settings.timeout,
    _settings.REQUIRE: _settings.required,
    "SSOT_SHIMS_UPSTREAM_RETRYPOLICY": lambda: resolve("RetryPolicy", (Target.parse("nowhere:X"),), object),
}
WORDS = ["1", "true", "Yes", "on", "0", "FALSE", "no", "off", "maybe", "RetryPolicy", "a.b:C", "upstream:A", "nan"]
PIECES = st.sampled_from([*WORDS, *",:. \t\n-_\xa0", "2.5", "-1", "inf", "1e400", "\u0661"])
# What the system can hold: no NUL, and of lone surrogates only those that stand for a byte.
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0") | st.just("\udcff"), max_size=6)
VALUES = PIECES | st.lists(PIECES, max_size=4).map("".join) | ANY_TEXT


def check() -> bool:
    """What a registry answers for a service that is there."""
    registry = Registry()
    registry.register("db", lambda: True, service=True)
    return bool(registry.check("db"))


def outcome(variable: str, value: str) -> object:
    """What is read from *variable*, or the error with its text."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(variable, value)
        try:
            return READERS[variable]()
        except InvalidSetting as error:
            return error


def test_any_value_is_an_answer_or_an_error_that_names_it(always: Chance) -> None:
    """Nothing but InvalidSetting is raised, and it says which variable holds what."""
    seen = set()

    def answers_or_says_why(value: str) -> None:
        for variable in READERS:
            found = outcome(variable, value)
            seen.add((variable, isinstance(found, InvalidSetting)))
            if isinstance(found, InvalidSetting):
                assert (found.setting, found.value.strip()) == (variable, value.strip())
                assert str(found) == f"{variable} is {found.value!r}; expected {found.expected}"
            elif variable == _settings.TIMEOUT:
                assert 0 < found <= 86_400

    always(answers_or_says_why, 120, value=VALUES)
    assert seen == {(variable, is_error) for variable in READERS for is_error in (True, False)}
    assert outcome(_settings.TIMEOUT, " 0.2") == 0.2


def test_case_and_blanks_make_no_difference(always: Chance) -> None:
    """Yes and no may be written in any case and with any blanks around; what is neither stays neither."""

    def reads_the_same(variable: str, word: str, left: str, right: str) -> None:
        plain = outcome(variable, word)
        for written in (word.upper(), word.lower(), word.title()):
            found = outcome(variable, f"{left}{written}{right}")
            assert type(found) is type(plain)
            assert isinstance(plain, InvalidSetting) or found == plain

    blanks = st.text(" \t\n", max_size=2)
    words = st.sampled_from(WORDS) | st.text("noyesfaltru10", max_size=5)
    always(reads_the_same, 100, variable=st.sampled_from([*FLAGS]), word=words, left=blanks, right=blanks)


def quoted(text: str) -> str:
    """*text* as TOML has a string."""
    return '"' + "".join(f"\\U{ord(character):08X}" for character in text) + '"'


def inline(table: dict[str, str]) -> str:
    return "{" + ", ".join(f"{quoted(key)} = {value}" for key, value in table.items()) + "}"


def listed(values: list[str]) -> str:
    return f"[{', '.join(values)}]"


SECRET = "hunter2"
ADDRESSES = st.sampled_from([f"{scheme}://me:{SECRET}@localhost/" for scheme in ("https", "tcp", "postgres")])
PROBES = st.sampled_from(["tcp://localhost:5432", "env:CI", "any:docker", "all:a,b", "command:git"])
STRINGS = (PROBES | st.sampled_from(["suite.shims", ""]) | ADDRESSES | st.text(max_size=4)).map(quoted)
# A hexadecimal number may have more digits than Python is willing to print.
NUMBERS = st.sampled_from(["0x" + "f" * 4000, "inf", "-nan", "1e400", "2.5", "5", "86400", "86401", "0", "-1"])
SCALARS = NUMBERS | st.sampled_from(["true", "false", "1979-05-27", "07:32:00"]) | STRINGS
KEYS = st.sampled_from(["modules", "capabilities", "probe", "timeout", "ttl", "service", "db", "My-DB", "_x"])
KEYS |= st.sampled_from(["environments", "name", "requires", "values", "migrate", "exclude", "old.mod:Name"])
ANY_KEY = KEYS | KEYS | ADDRESSES | st.text(max_size=3)
ANY_VALUE = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3).map(listed) | st.dictionaries(ANY_KEY, inner, max_size=3).map(inline),
    max_leaves=5,
)
OPTIONAL = dict.fromkeys(("timeout", "ttl", "service"), SCALARS)
OPTIONS = st.fixed_dictionaries({"probe": PROBES.map(quoted)}, optional=OPTIONAL)
ENTRIES = STRINGS | (OPTIONS | st.dictionaries(ANY_KEY, SCALARS, max_size=3)).map(inline)
NAMES = st.lists(STRINGS, max_size=2).map(listed)
TEMPLATES = STRINGS | st.sampled_from(["'${URL}'", "'$'"])
ENVIRONMENT = st.fixed_dictionaries(
    {"name": st.sampled_from(["'docker'", "'staging'"]) | SCALARS},
    optional={"requires": NAMES, "values": st.dictionaries(ANY_KEY, TEMPLATES, max_size=2).map(inline)},
)
TABLE = {
    "capabilities": st.dictionaries(st.just("db") | ANY_KEY, ENTRIES | ANY_VALUE, max_size=2).map(inline),
    "modules": NAMES | ANY_VALUE,
    "environments": st.lists(ENVIRONMENT.map(inline), max_size=2).map(listed) | ANY_VALUE,
    "migrate": st.dictionaries(st.just("old.mod:Name") | ANY_KEY, STRINGS | ANY_VALUE, max_size=2).map(inline),
}
TABLES = st.fixed_dictionaries({}, optional=TABLE)
DOCUMENTS = (TABLES.map(inline) | ANY_VALUE).map("[tool]\nssot_shims = {}\n".format)


def read(folder: Path, content: bytes) -> Project | InvalidSetting:
    """The project in a file of that *content*, or the error, which names the file and is one line."""
    file = folder / "pyproject.toml"
    file.write_bytes(content)
    try:
        found: Project | InvalidSetting = read_project(file)
    except InvalidSetting as error:
        found = error
    assert isinstance(found, Project) or (str(file) in found.setting and str(found).isprintable())
    return found


def test_any_table_is_a_project_or_an_error_with_its_file(always: Chance, tmp_path: Path) -> None:
    """Whatever stands below tool.ssot_shims is read, or refused with the file and without the secrets in it."""
    seen = {Project: 0, InvalidSetting: 0}

    def is_read_or_refused(document: str) -> None:
        found = read(tmp_path, document.encode())
        seen[type(found)] += 1
        if isinstance(found, InvalidSetting):
            assert SECRET not in f"{found} {found.args}"
        else:
            assert SECRET not in " ".join(f"{one.notation} {one.probe!r}" for one in found.capabilities)
            given = [seconds for one in found.capabilities for seconds in (one.timeout, one.ttl) if seconds is not None]
            assert all(0 < seconds <= 86_400 for seconds in given)

    always(is_read_or_refused, 100, document=DOCUMENTS)
    assert min(seen.values()) > 10

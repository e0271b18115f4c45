"""The totals of many jobs, read from their JUnit XML: which tests ran, why the others did not, and what was needed."""

from __future__ import annotations

import glob
import hashlib
import json
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache, partial
from itertools import accumulate
from pathlib import Path
from typing import Any
from xml.parsers.expat import ParserCreate

from ssot_shims._text import describe, fit_to_show, shortened
from ssot_shims.errors import InvalidSetting

Reasons = dict[str, dict[str, str]]  # a text by test, or another name, and by job

_NOT_RUN = frozenset({"notrun", "disabled", "skipped", "suppressed"})  # as GoogleTest and CTest say it in attributes
# The type of the skip by which pytest and unittest-xml-reporting say it, and the message of that by which nose2 does.
_EXPECTED_FAILURES = frozenset({"pytest.xfail", "XFAIL", "expected test failure"})
_WHOLE_MODULE = "collection skipped"  # the message of a module that pytest skips as a whole
_NO_TESTS = partial(Counter[str], ran=0, not_run=0)
_LONGEST = 1000  # characters of a reason
_property = lru_cache(maxsize=1000)(json.loads)  # most tests of a job say the same


def around(test: str) -> set[str]:
    """The names of the classes, modules and packages that *test* is in.

    >>> sorted(around("tests.test_ws.TestConnect::test_ping"))
    ['tests', 'tests.test_ws', 'tests.test_ws.TestConnect']
    """
    return set(accumulate(test.partition("::")[0].split("."), "{}.{}".format))


class Totals:
    """What many jobs came to, added up test by test."""

    def __init__(self) -> None:
        self.outcomes: Reasons = {}  # by test and job: why it did not run, empty where it did
        self.names_of_jobs: list[str] = []  # also of those without tests
        self.required: Reasons = {}  # by what a job required and did not have: what was seen there
        self.shims: Reasons = {}  # by shim: its state
        self.met: set[str] = set()  # what some job really had
        self.notes: list[str] = []
        self.problems: list[str] = []
        self._needs: dict[tuple[str, str], dict[str, None]] = {}  # by test and job: the names of what it needed
        self._suites: dict[str, str] = {}  # by test: the first suite that it was in
        self._clashing: set[str] = set()  # suites with a test of the same name

    def add_test(self, job: str, suite: str, test: str, reason: str, asked: Mapping[str, Any]) -> None:
        """Add a *test* of a *suite* in *job*: the *reason* why it did not run, empty where it did, and our property."""
        needed: Sequence[Mapping[str, Any]] = asked.get("needed", ())
        if needed and not reason:  # what is required and not there is an error of the test, which did not run either
            reason = "; ".join(f"{one['name']}: {_seen(one)}" for one in needed if one["outcome"] == "error")
        if needed:
            self._needs.setdefault((test, job), {}).update({one["name"]: None for one in needed})
        by_job = self.outcomes.setdefault(test, {})
        # A test that is there twice, as after a retry, ran if it did once.
        by_job[job] = reason and by_job.get(job, reason)
        if asked:
            self.add_asked(job, asked)
        first = self._suites.setdefault(test, suite)
        if first != suite and suite not in self._clashing:
            self._clashing.add(suite)
            note = "and counts as one test; where it is not one: --suite PREFIX=GLOB"
            self.notes.append(f"{test} is in the suites {first!r} and {suite!r}, {note}")

    def add_asked(self, job: str, asked: Mapping[str, Any]) -> None:
        """Add what our property of a test, or of all of *job*, says."""
        for verdict in (*asked.get("needed", ()), *filter(None, asked.get("verdicts", {}).values())):
            if verdict["status"] in ("available", "upstream") and not verdict["is_forced"]:
                self.met.add(verdict["name"])
            elif verdict["is_required"]:
                self.required.setdefault(verdict["name"], {})[job] = _seen(verdict)
        for shim in asked.get("shims", ()):
            self.shims.setdefault(shim["name"], {})[job] = shim["state"]
            self.met.update([shim["name"]] if shim["state"] == "upstream" else [])

    @property
    def jobs(self) -> dict[str, Counter[str]]:
        """How many tests ran in each job, and how many did not."""
        counts = {job: _NO_TESTS() for job in self.names_of_jobs}
        for by_job in self.outcomes.values():
            for job, reason in by_job.items():
                counts[job]["not_run" if reason else "ran"] += 1
        return counts

    @property
    def needed(self) -> dict[str, dict[str, Counter[str]]]:
        """The same for each job, by what the tests needed, else by the reason why they did not run."""
        counts: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(_NO_TESTS))
        for test, by_job in self.outcomes.items():
            for job, reason in by_job.items():
                for name in self._needs.get((test, job)) or filter(None, [reason]):
                    counts[name][job]["not_run" if reason else "ran"] += 1
        return counts

    @property
    def ran(self) -> set[str]:
        """The tests that some job ran, with the classes, modules and packages around them."""
        tests = {test for test, by_job in self.outcomes.items() if not all(by_job.values())}
        return tests.union(*map(around, {test.partition("::")[0] for test in tests}))

    @property
    def never_ran(self) -> Reasons:
        """The tests that no job ran, and the modules that were skipped as a whole wherever they are."""
        ran = self.ran
        return {test: by_job for test, by_job in self.outcomes.items() if test not in ran}

    def nowhere(self, names: Reasons) -> Reasons:
        """Those of *names* that no job really had."""
        return {name: by_job for name, by_job in sorted(names.items()) if name not in self.met}


def _seen(verdict: Mapping[str, Any]) -> str:
    return f"{verdict['status']}: {verdict['reason']}"


def find_files(place: str, paths: Iterable[str]) -> list[str]:
    """The files that *paths* mean, once each: files, folders with ``.xml`` files below them, and globs.

    Raises :class:`InvalidSetting` for a path that means none; *place* is where it was written.
    """
    files: dict[str, None] = {}
    for path in paths:
        pattern = os.path.join(glob.escape(path), "**", "*.xml") if os.path.isdir(path) else path
        found = [path] if os.path.isfile(path) else sorted(glob.glob(pattern, recursive=True))
        if not found:
            raise InvalidSetting(place, path, "a file, a folder with .xml files below it, or a glob that fits some")
        files.update(dict.fromkeys(map(os.path.normpath, found)))
    return [*files]


def jobs_of(files: Sequence[str]) -> list[str]:
    """The job of each file: its name without the suffix; its folder, where two files have the same name.

    >>> jobs_of(["out/linux.xml", "out/mac.xml"]), jobs_of(["out/linux/junit.xml", "out/mac/junit.xml"])
    (['linux', 'mac'], ['linux', 'mac'])
    """
    names = [Path(file).stem for file in files]
    if len({*names}) == len(names):
        return names
    folders = [os.path.dirname(os.path.abspath(file)) for file in files]
    return [os.path.relpath(folder, os.path.commonpath(folders)) for folder in folders]


def read_files(files: Sequence[str], prefixes: Sequence[tuple[str, str]] = ()) -> Totals:
    """The totals of *files*; each of the *prefixes* has a glob for the files that it is for.

    A file that does not read to its end is a problem, and what stands before that place counts. Of files with the same
    content one counts.
    """
    totals, contents = Totals(), dict[bytes, str]()
    for path, job in zip(files, jobs_of(files), strict=True):
        totals.names_of_jobs.append(job)
        prefix = next((f"{prefix}:" for prefix, pattern in prefixes if Path(path).match(pattern)), "")
        reader = _Reader(totals, job, prefix)
        try:
            with open(path, "rb") as file:
                content = hashlib.file_digest(file, "sha256").digest()
                if contents.setdefault(content, path) != path:
                    totals.notes.append(f"{path} has the content of {contents[content]}, and counts once")
                    continue
                file.seek(0)
                reader.parser.ParseFile(file)
        except Exception as error:  # one file must not keep the others from being read
            place = f"{path}:{reader.parser.CurrentLineNumber}"
            totals.problems.append(f"{place}: cannot be read to its end: {describe(error)}")
    return totals


class _Reader:
    """Adds the tests of one file, each with *prefix*, to *totals* while expat parses it: no file is held as a whole."""

    def __init__(self, totals: Totals, job: str, prefix: str) -> None:
        self._totals, self._job, self._prefix = totals, job, prefix
        self._suites: list[str] = []  # the names of those around
        self._test: dict[str, str] = {}  # the attributes of the test around; empty between two
        self._skip: dict[str, str] | None = None  # those of its skip
        self._asked: dict[str, Any] = {}
        self._error = ""  # the message of its error
        self._text: list[str] = []  # what stands in the skip
        self.parser = ParserCreate()
        self.parser.StartDoctypeDeclHandler = _refuse
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "testcase":
            self._test, self._skip, self._text, self._asked, self._error = attributes, None, [], {}, ""
        elif tag == "error":
            self._error = attributes.get("message", "")
        elif tag == "skipped":
            self._skip = attributes
            self.parser.CharacterDataHandler = self._text.append
        elif tag == "property" and attributes.get("name") == "ssot_shims":
            self._asked = _property(attributes["value"])
            if not self._test:  # it is about the whole job
                self._totals.add_asked(self._job, self._asked)
        elif tag in ("testsuites", "testsuite"):
            self._suites.append(attributes.get("name", ""))
        elif not self._suites:
            raise ValueError(f"this is no JUnit XML: its root is <{tag}>")

    def _end(self, tag: str) -> None:
        if tag == "testcase":
            suite, name = self._suites[-1], self._test.get("name", "")
            classname = self._test.get("classname", suite)
            # A module that pytest skips as a whole has no class, or one from --junit-prefix, which is before all names.
            joint = "." if self._skip and self._skip.get("message") == _WHOLE_MODULE else "::"
            test = self._prefix + joint.join(filter(None, (classname, name)))
            if self._error == "collection failure":  # what pytest writes for a module
                self._totals.problems.append(f"{self._job}: the collection of {test} failed: its tests are unknown")
            else:
                self._totals.add_test(self._job, suite, test, self._reason(), self._asked)
            self._test = {}
        elif tag == "skipped":
            self.parser.CharacterDataHandler = None
        elif tag in ("testsuites", "testsuite"):
            self._suites.pop()

    def _reason(self) -> str:
        """Why the test did not run, empty when it did; one that was expected to fail did, unless it was left out."""
        if self._skip is None:
            return "disabled" if _NOT_RUN & {self._test.get("status"), self._test.get("result")} else ""
        message = self._skip.get("message", "")
        if self._skip.get("type", message) in _EXPECTED_FAILURES and not message.startswith("[NOTRUN]"):
            return ""
        return _readable(message, "".join(self._text))


@lru_cache(maxsize=1000)
def _readable(message: str, text: str) -> str:
    """The reason of a skip, from the attribute and the text of its element."""
    if message == _WHOLE_MODULE:  # pytest writes (file, line, 'Skipped: reason') as the text
        message = text.partition("Skipped: ")[2][:-2]
    return shortened(fit_to_show(message or text), _LONGEST) or "no reason is given"


def _refuse(*_: object) -> None:
    raise ValueError("it has a DTD, whose entities may grow without bound")

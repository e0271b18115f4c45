"""``ssot-shims report``: the JUnit XML of many jobs, added up."""

from __future__ import annotations

import json
import os
import tracemalloc
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import pytest

from ssot_shims import cli
from ssot_shims._junit import read_files

Report = Callable[..., dict[str, Any]]


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def report(capsys: pytest.CaptureFixture[str]) -> Report:
    """Gives the JSON of the report on what the arguments name; ``code`` is the exit code."""

    def report(*arguments: str) -> dict[str, Any]:
        code = cli.main(["report", "--format", "json", *arguments])
        return {"code": code, **json.loads(capsys.readouterr().out)}

    return report


def case(name: str, *inside: str, classname: str | None = "tests.test_a", **more: str) -> str:
    """A test case of JUnit XML."""
    named = {"name": name, **({} if classname is None else {"classname": classname}), **more}
    attributes = " ".join(f"{key}={quoteattr(value)}" for key, value in named.items())
    return f"<testcase {attributes}>{''.join(inside)}</testcase>"


def skipped(reason: str, kind: str = "pytest.skip") -> str:
    return f"<skipped type={quoteattr(kind)} message={quoteattr(reason)}>/a/file.py:3: {reason}</skipped>"


def asked(*needed: Mapping[str, Any], **more: Any) -> str:
    """Our property, with a verdict for each of what a test needs."""
    verdicts = [
        {"outcome": "run", "status": "available", "reason": "it is", "is_required": False, "is_forced": False, **one}
        for one in needed
    ]
    value = json.dumps({"needed": verdicts, "process": 1, "verdicts": {}, "shims": [], "notes": [], **more})
    return f'<properties><property name="ssot_shims" value={quoteattr(value)}/></properties>'


def write(file: str, *tests: str, suite: str = "pytest") -> None:
    """A file as pytest writes it."""
    Path(file).parent.mkdir(parents=True, exist_ok=True)
    suites = f"<testsuites><testsuite name={quoteattr(suite)}>{''.join(tests)}</testsuite></testsuites>"
    Path(file).write_text(f'<?xml version="1.0" encoding="utf-8"?>{suites}', "utf-8")


NO_GPU = {"name": "gpu", "outcome": "skip", "status": "unavailable", "reason": "no device"}
MATRIX = {
    "linux.xml": (
        case("test_ran"),
        case("test_docker", asked({"name": "docker"})),
        case("test_gpu", asked({"name": "docker"}, NO_GPU), skipped("gpu: unavailable: no device")),
        case("test_gpu_too", asked(NO_GPU), skipped("gpu: unavailable: no device")),
        case("test_later", skipped("not yet")),
    ),
    "mac.xml": (
        case("test_ran", skipped("not on a Mac")),
        case("test_gpu", asked(NO_GPU), skipped("gpu: unavailable: no device")),
        case("test_later", skipped("not here")),
    ),
}


def write_matrix() -> None:
    for file, tests in MATRIX.items():
        write(file, *tests)


def test_the_tests_that_no_job_ran(report: Report) -> None:
    """Each with the reason in each job that has it; what they needed is counted by job."""
    write_matrix()
    data = report("linux.xml", "mac.xml")
    gpu = "gpu: unavailable: no device"
    assert (data["code"], data["schema"], data["tests"]) == (0, 1, 5)
    assert data["jobs"] == {"linux": {"ran": 2, "not_run": 3}, "mac": {"ran": 0, "not_run": 3}}
    assert data["never_ran"] == {
        "tests.test_a::test_gpu": {"linux": gpu, "mac": gpu},
        "tests.test_a::test_gpu_too": {"linux": gpu},
        "tests.test_a::test_later": {"linux": "not yet", "mac": "not here"},
    }
    assert data["needed"] == {
        "docker": {"linux": {"ran": 1, "not_run": 1}},
        "gpu": {"linux": {"ran": 0, "not_run": 2}, "mac": {"ran": 0, "not_run": 1}},
        "not here": {"mac": {"ran": 0, "not_run": 1}},
        "not on a Mac": {"mac": {"ran": 0, "not_run": 1}},
        "not yet": {"linux": {"ran": 0, "not_run": 1}},
    }


def test_a_collection_that_failed_is_no_test(report: Report) -> None:
    """Its tests are unknown, which is a problem of that job, and the other job is counted."""
    failed = '<error message="collection failure">ImportError</error>'
    write("linux.xml", case("test_ran"), case("test_fails", '<error message="failed on setup">no</error>'))
    write("mac.xml", case("tests.test_a", failed, classname=""), case("test_ran", classname="tests.test_b"))
    data = report("linux.xml", "mac.xml")
    assert (data["code"], data["tests"], data["never_ran"]) == (3, 3, {})
    assert data["jobs"] == {"linux": {"ran": 2, "not_run": 0}, "mac": {"ran": 1, "not_run": 0}}
    assert data["problems"] == ["mac: the collection of tests.test_a failed: its tests are unknown"]


TEXT = """\
jobs: 2; tests: 5; ran in no job: 3; allowed not to run: 0

ran in no job: gpu: unavailable: no device [linux, mac] (2)
  tests.test_a::test_gpu
  tests.test_a::test_gpu_too

ran in no job: not yet [linux]; not here [mac] (1)
  tests.test_a::test_later

needed by tests, or the reason of their skip (5)
  docker: 1 of 2 ran (linux: 1 of 2 ran)
  gpu: 0 of 3 ran (linux: 0 of 2 ran, mac: 0 of 1 ran)
  not here: 0 of 1 ran (mac: 0 of 1 ran)
  not on a Mac: 0 of 1 ran (mac: 0 of 1 ran)
  not yet: 0 of 1 ran (linux: 0 of 1 ran)

jobs (2)
  linux: 2 of 5 ran
  mac: 0 of 3 ran
"""
MARKDOWN = """\
### jobs: 2; tests: 5; ran in no job: 3; allowed not to run: 0

**ran in no job: gpu: unavailable: no device \\[linux, mac\\] \\(2\\)**

- tests\\.test\\_a::test\\_gpu
- tests\\.test\\_a::test\\_gpu\\_too

**ran in no job: not yet \\[linux\\]; not here \\[mac\\] \\(1\\)**
"""
GITHUB = """\
::warning title=ssot-shims report::ran in no job: gpu: unavailable: no device [linux, mac] (2): \
tests.test_a::test_gpu, tests.test_a::test_gpu_too
::warning title=ssot-shims report::ran in no job: not yet [linux]; not here [mac] (1): tests.test_a::test_later
jobs: 2; tests: 5; ran in no job: 3; allowed not to run: 0
"""


@pytest.mark.parametrize(("form", "expected"), [("text", TEXT), ("markdown", MARKDOWN), ("github", GITHUB)])
def test_the_report_for_people(form: str, expected: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The tests are grouped by their reasons, each with its jobs, the largest group first."""
    write_matrix()
    assert cli.main(["report", "*.xml", "--format", form]) == 0
    assert capsys.readouterr().out.startswith(expected)


def test_long_groups_are_cut_and_all_lists_them(capsys: pytest.CaptureFixture[str]) -> None:
    """Twenty lines of a group are shown; a name that would end the line does not."""
    write("a.xml", *(case(f"test_{number:02}\n%", skipped("no")) for number in range(22)))
    cli.main(["report", "a.xml"])
    out = capsys.readouterr().out
    assert out.count("  tests.test_a::test_") == 20
    assert "\n  ... and 2 more; --all lists them\n" in out
    cli.main(["report", "a.xml", "--all", "--format=github"])
    out = capsys.readouterr().out
    assert out.count("tests.test_a::test_") == 22
    assert "::test_21 %25\n" in out


def test_what_is_required_and_there_in_no_job(report: Report, capsys: pytest.CaptureFixture[str]) -> None:
    """A test that errors for a requirement did not run; a forced yes does not meet one; another job may."""
    refused = {"outcome": "error", "status": "unavailable", "reason": "no socket", "is_required": True}
    forced = {"name": "cuda", "outcome": "error", "reason": "so it is said", "is_required": True, "is_forced": True}
    error = '<error message="failed on setup"/>'
    seen = {"postgres": {"name": "postgres", "is_required": True, **refused}, "git": None}
    write(
        "a.xml",
        case("test_docker", asked({"name": "docker", **refused}), error),
        case("test_cuda", asked(forced), error),
        case("test_asked", asked(verdicts=seen)),
    )
    write("b.xml", case("test_docker", asked({"name": "docker", "is_required": True})))
    data = report("a.xml", "b.xml")
    assert data["required"] == {"cuda": {"a": "available: so it is said"}, "postgres": {"a": "unavailable: no socket"}}
    assert data["never_ran"] == {"tests.test_a::test_cuda": {"a": "cuda: available: so it is said"}}
    cli.main(["report", "a.xml", "b.xml"])
    assert "required, and met in no job (2)\n  cuda: a: available: so it is said\n" in capsys.readouterr().out


def test_shims_that_are_placeholders_everywhere(report: Report) -> None:
    """As the tests of the jobs say it, or the suite as a whole; one job with the upstream is enough."""
    absent, there = {"name": "Limits", "state": "absent"}, {"name": "Limits", "state": "upstream"}
    other = {"name": "Quota", "state": "moved"}
    write("a.xml", asked(shims=[other]), case("test_a", asked(shims=[absent])))
    write("b.xml", case("test_a", asked(shims=[absent])))
    assert report("a.xml", "b.xml")["placeholders"] == {
        "Limits": {"a": "absent", "b": "absent"},
        "Quota": {"a": "moved"},
    }
    write("c.xml", case("test_a", asked(shims=[there])))
    assert report("a.xml", "b.xml", "c.xml")["placeholders"] == {"Quota": {"a": "moved"}}


def test_a_job_that_has_run_a_test_after_all(report: Report) -> None:
    """Whichever of its files says so comes first, the test ran, and so it did where it needed something."""
    ran, skips = case("t", asked({"name": "git"})), case("t", asked({"name": "git", "outcome": "skip"}), skipped("no"))
    for first, second in ((ran, skips), (skips, ran)):
        for file, text in (("linux/a.xml", first), ("linux/b.xml", second), ("mac/a.xml", case("u"))):
            write(file, text)
        data = report("linux", "mac")
        assert data["needed"] == {"git": {"linux": {"ran": 1, "not_run": 0}}}
        assert [*data["jobs"].values()] == [{"ran": 1, "not_run": 0}] * 2


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        (case("t", skipped("known", "pytest.xfail")), None),
        (case("t", skipped("[NOTRUN] known", "pytest.xfail")), "[NOTRUN] known"),
        (case("t", skipped("expected failure: known", "XFAIL")), None),
        (case("t", '<skipped message="expected test failure">of nose2</skipped>'), None),
        (case("t", "<failure/>"), None),
        (case("t", status="run", result="completed"), None),
        (case("t", status="notrun", result="suppressed"), "disabled"),
        (case("t", status="run", result="skipped"), "disabled"),
        (case("t", "<skipped/>"), "no reason is given"),
        (case("t", "<skipped>\n  only a\n  text </skipped>"), "only a text"),
        (case("t", skipped("at https://me:secret@host/")), "at https://***@host/"),
        (case("t", "<skipped>" + "long text\n" * 9000 + "</skipped>"), "long text"),
        (case("t", skipped("a"), "<system-out>of the test</system-out>"), "a"),
        (case("t", asked({"name": "git"}), "<failure/>") + case("t", asked({"name": "git"})), None),
        (case("t", skipped("a")) + case("t", "<failure/>"), None),
        (case("t", "<failure/>") + case("t", skipped("a")), None),
    ],
)
def test_whether_a_test_ran(written: str, reason: str | None, report: Report) -> None:
    """As its runner writes it, also twice; an expected failure ran, unless pytest left it out."""
    write("a.xml", written)
    data = report("a.xml")
    assert (data["tests"], sum(data["jobs"]["a"].values())) == (1, 1)
    assert all(sum(of_job["a"].values()) == 1 for of_job in data["needed"].values())
    if reason is None:
        assert data["never_ran"] == {}
    else:
        assert data["never_ran"]["tests.test_a::t"]["a"].startswith(reason)
        assert len(data["never_ran"]["tests.test_a::t"]["a"]) <= 1000


def test_suites_in_suites(report: Report) -> None:
    """A test without a class is named after the suite around it."""
    Path("a.xml").write_text(
        '<testsuite name="outer"><testsuite name="inner">'
        '<testcase name="t"><skipped/></testcase></testsuite><testcase name="u"><skipped/></testcase></testsuite>'
    )
    assert [*report("a.xml")["never_ran"]] == ["inner::t", "outer::u"]


def test_a_module_that_was_skipped_as_a_whole(report: Report) -> None:
    """It is one test that did not run, unless another job ran a test of it; also below the prefix of --junit-prefix."""
    text = "('/home/a/tests/test_a.py', 2, 'Skipped: needs CUDA')"
    whole = case("tests.test_a", f'<skipped message="collection skipped">{text}</skipped>', classname="")
    write("a.xml", whole)
    assert report("a.xml")["never_ran"] == {"tests.test_a": {"a": "needs CUDA"}}
    write("b.xml", case("test_more", classname="tests.test_ab"))
    assert [*report("a.xml", "b.xml")["never_ran"]] == ["tests.test_a"]
    write("c.xml", case("test_it", classname="tests.test_a.TestThing"))
    assert report("a.xml", "c.xml")["never_ran"] == {}
    data = report("a.xml", "--against", "c.xml", "--fail-on=newly-skipped")
    assert (data["code"], data["newly_skipped"], data["gone"]) == (1, {"tests.test_a": {"a": "needs CUDA"}}, [])
    write("a.xml", whole.replace('classname=""', 'classname="unit"'))
    write("c.xml", case("test_it", classname="unit.tests.test_a"))
    assert report("a.xml", "c.xml")["never_ran"] == {}


def test_the_condition_and_what_is_allowed(report: Report) -> None:
    """Exit code 1 for a test that ran nowhere and is not allowed to; an entry that is not needed any more is told."""
    write_matrix()
    assert report("linux.xml", "--fail-on", "never-ran")["code"] == 1
    Path("allowed.toml").write_text(
        '"tests.test_a::test_gpu*" = "no machine has one"\n"tests.test_a::test_later" = "next year"\n'
        '"tests.test_a::test_ran" = "old"\n"tests.test_a::test_[gl]*" = "no class of characters"\n'
    )
    data = report("linux.xml", "mac.xml", "--fail-on=never-ran", "--allow=allowed.toml")
    assert (data["code"], data["never_ran"]) == (0, {})
    assert data["allowed"]["tests.test_a::test_gpu_too"] == "no machine has one"
    assert data["notes"] == [
        "--allow: 'tests.test_a::test_ran' applies to no test",
        "--allow: 'tests.test_a::test_[gl]*' applies to no test",
    ]


def test_what_ran_before_and_does_not_now(report: Report) -> None:
    """A test that an earlier run ran fails the condition when no job runs it now; one that is gone is told."""
    write("old/a.xml", case("test_a"), case("test_b"), case("test_gone"), case("test_c", skipped("no")))
    write("new/a.xml", case("test_a", skipped("off")), case("test_b"), case("test_c", skipped("no")))
    data = report("new", "--against", "old/*.xml", "--fail-on", "newly-skipped")
    assert (data["code"], data["newly_skipped"]) == (1, {"tests.test_a::test_a": {"a": "off"}})
    assert data["gone"] == ["tests.test_a::test_gone"]
    assert report("new", "--against", "new", "--fail-on", "newly-skipped")["code"] == 0


@pytest.mark.parametrize(
    ("files", "jobs"),
    [
        (["linux-1.xml", "out/linux-2.xml"], ["linux-1", "linux-2"]),
        (["out/linux/junit.xml", "out/mac/junit.xml"], ["linux", "mac"]),
        (["a/x/junit.xml", "b/x/junit.xml", "b/x/other.xml"], ["a/x", "b/x"]),
    ],
)
def test_a_job_is_a_file_or_a_folder(files: list[str], jobs: list[str], report: Report) -> None:
    """The name of the file; where two have the same one, the folder, with all the files in it."""
    for number, file in enumerate(files):
        write(file, case(f"test_{number}"))
    assert [*report(".")["jobs"]] == jobs


def test_a_file_that_is_named_twice_counts_once(report: Report) -> None:
    """By whatever path; a copy is told, and a job without a test is one."""
    write("out/a.xml", case("test_a"))
    write("out/b.xml")
    data = report("out/a.xml", "out", "out/*.xml", "./out/a.xml")
    assert (data["jobs"], data["notes"]) == ({"a": {"ran": 1, "not_run": 0}, "b": {"ran": 0, "not_run": 0}}, [])
    Path("out/c.xml").write_bytes(Path("out/a.xml").read_bytes())
    data = report("out")
    assert data["notes"] == ["out/c.xml has the content of out/a.xml, and counts once"]
    assert (data["code"], data["jobs"]["c"]) == (0, {"ran": 0, "not_run": 0})


def test_suites_with_tests_of_one_name(report: Report) -> None:
    """They count as one test, and that is told; prefixes keep them apart."""
    write("api.xml", case("test_a"), suite="api")
    write("web.xml", case("test_a", skipped("no")), case("test_b"), case("test_b"), suite="web")
    data = report("api.xml", "web.xml")
    assert (data["never_ran"], data["notes"]) == (
        {},
        [
            "tests.test_a::test_a is in the suites 'api' and 'web', and counts as one test; where it is not one: "
            "--suite PREFIX=GLOB"
        ],
    )
    data = report("api.xml", "web.xml", "--suite=api=api*", "--suite", "web=*/web.xml", "--suite", "w=web.xml")
    assert ([*data["never_ran"]], data["notes"]) == (["w:tests.test_a::test_a"], [])


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' + "".join(
    f'<!ENTITY {new} "{f"&{old};" * 10}">' for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
PROPERTY = (
    '<testsuite><testcase name="t"><properties><property name="ssot_shims" value="VALUE"/></properties></testcase>'
    "</testsuite>"
)
BAD = {
    "empty": ("", 1, "no element found"),
    "cut": ('<testsuites><testsuite name="s">\n<testcase name="t" classname="c"/>\n<testcase na', 3, "unclosed token"),
    "html": ("<html>\n<body/></html>", 1, "its root is <html>"),
    "text": ("Not found\n", 1, "syntax error"),
    "bomb": (f'{BOMB}]><testsuites><testsuite name="&i;"/></testsuites>', 1, "it has a DTD"),
    "encoding": ('<?xml version="1.0" encoding="no-such"?><testsuites/>', 1, "unknown encoding"),
    "property": (PROPERTY.replace("VALUE", "{"), 1, "JSONDecodeError"),
    "shape": (PROPERTY.replace("VALUE", "[[]]"), 1, "AttributeError"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_file_that_does_not_read(kind: str, report: Report) -> None:
    """It is a problem with its place and exit code 3, the others count, and a condition that holds goes first."""
    text, line, expected = BAD[kind]
    Path("bad.xml").write_text(text)
    write("good.xml", case("test_a", skipped("no")))
    data = report("bad.xml", "good.xml")
    (problem,) = data["problems"]
    assert problem.startswith(f"bad.xml:{line}: cannot be read to its end: ")
    assert expected in problem
    assert (data["code"], data["jobs"]["good"]) == (3, {"ran": 0, "not_run": 1})
    assert data["jobs"]["bad"]["ran"] == (kind == "cut")
    assert report("bad.xml", "good.xml", "--fail-on=never-ran")["code"] == 1


def test_a_file_that_cannot_be_opened(report: Report) -> None:
    """The system's own words are the problem."""
    os.symlink("a.xml", "a.xml")
    Path("b.xml").mkdir()
    problems = report("*.xml")["problems"]
    assert [problem.partition("] ")[2] for problem in problems] == [
        "Too many levels of symbolic links: 'a.xml'",
        "Is a directory: 'b.xml'",
    ]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["no.xml"], "FILE is 'no.xml'; expected a file, a folder with .xml files below it, or a glob that fits some"),
        (["empty"], "FILE is 'empty'; expected a file, a folder"),
        (["a.xml", "--against", "*.XML"], "--against is '*.XML'; expected a file, a folder"),
        (["a.xml", "--fail-on=newly-skipped"], "--fail-on is 'newly-skipped'; expected --against OLD.xml beside it"),
        (["a.xml", "--suite=web"], "--suite is 'web'; expected PREFIX=GLOB, such as api=api-*.xml"),
        (["a.xml", "--allow=no.toml"], "--allow is 'no.toml'; expected a file in TOML: [Errno 2]"),
        (["a.xml", "--allow=bad.toml"], "--allow is 'bad.toml'; expected a file in TOML: Expected '='"),
        (["a.xml", "--allow=mute.toml"], "'test_a' in mute.toml is ''; expected a text that says why it need not run"),
        (["a.xml", "--allow=list.toml"], "'test_a' in list.toml is '1'; expected a text that says why"),
    ],
)
def test_wrong_usage(arguments: list[str], expected: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, and one line that says what was expected."""
    write("a.xml", case("test_a"))
    Path("empty").mkdir()
    for name, text in {"bad": "test_a\n", "mute": 'test_a = ""\n', "list": "test_a = 1\n"}.items():
        Path(f"{name}.toml").write_text(text)
    assert cli.main(["report", *arguments]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith(f"ssot-shims: {expected}")


def test_a_large_file_is_not_held_in_memory() -> None:
    """What is kept of a test that ran is its name: output that it printed, however long, is passed over."""
    output = "<system-out>" + "x" * 2_000_000 + "</system-out>"
    write("a.xml", *(case(f"test_{number}", output) for number in range(5)))
    tracemalloc.start()
    found = read_files(["a.xml"])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(found.outcomes) == 5
    assert peak < 5_000_000

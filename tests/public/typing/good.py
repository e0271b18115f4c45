"""What a user of ssot_shims may write: the type checkers accept all of it, and it runs."""

import dataclasses
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Literal, Protocol, assert_never, assert_type
from unittest import TestCase

import ssot_shims
from ssot_shims import HeartbeatConfig, RetryPolicy, SsotShimsError, errors, shim, shim_of, skip_unless_available
from ssot_shims.errors import InvalidDeclaration, UnknownName, UpstreamError

# The shims that ship: an annotation, a constructor with keywords, fields, a base class.
config: HeartbeatConfig = HeartbeatConfig(heartbeat_interval_seconds=0.5, max_missed_heartbeats=3)
assert_type(config.heartbeat_timeout_seconds * config.max_missed_heartbeats, float)
assert_type(dataclasses.replace(config, cleanup_interval_seconds=60), HeartbeatConfig)
assert_type(RetryPolicy(max_attempts=1, jitter=False).base_delay, float)
config.heartbeat_timeout_seconds = 1.5


class Mine(HeartbeatConfig):  # whose class methods give the subclass
    def total(self) -> float:
        return self.heartbeat_timeout_seconds + self.cleanup_interval_seconds


assert_type(Mine.for_environment("staging"), Mine)


# Shims of one's own, of every kind that can be one.
@shim("acme.limits:Limits", "acme.old_limits:Limits")
class Limits:
    retries: int = 3

    def raised(self, by: int) -> int:
        return self.retries + by


@shim("acme.limits:Quota")
@dataclass(frozen=True)
class Quota:
    name: str
    per_second: float = 10.0


@shim("acme.limits:Colour")
class Colour(Enum):
    RED = "red"
    GREEN = "green"


@shim("acme.limits:Clock")
class Clock(Protocol):
    def now(self) -> float: ...


@shim("acme.limits:parse")
def parse(text: str, *, base: int = 10) -> int:
    return int(text, base)


@shim("acme.limits:fetch")
async def fetch(url: str) -> bytes:
    return url.encode()


fetcher: Callable[[str], Awaitable[bytes]] = fetch
assert_type(Limits().raised(by=2), int)
assert_type(Quota("bytes", per_second=0.5).per_second, float)
assert_type(Colour.RED.value, Literal["red"])
assert_type([colour.name for colour in Colour], list[str])
assert_type(parse("ff", base=16), int)


# Tests that need something keep their types; the environment is a mapping of text.
@skip_unless_available("docker", "upstream:HeartbeatConfig")
def containers(count: int, *, name: str = "acme") -> list[str]:
    return [name] * count


@skip_unless_available("docker")
async def containers_later(count: int) -> list[str]:
    return ["acme"] * count


@skip_unless_available("docker")
class Containers(TestCase):
    @skip_unless_available("git")
    def test_it(self) -> None:
        assert containers(1, name="x")


def environment() -> str:
    chosen = ssot_shims.choose_environment("staging", folder=Path("suite"))
    assert_type(chosen["url"], str)
    assert_type(dict(chosen.passed_over), dict[str, str])
    assert_type(ssot_shims.load_project("suite"), Path)
    return chosen.get("realm", chosen.name)


some_containers: Callable[[int], list[str]] = containers
later: Callable[[int], Awaitable[list[str]]] = containers_later
assert_type(Containers("test_it"), Containers)

# Questions about shims.
record = shim_of(Limits)
assert_type(record.targets, tuple[str, ...])
assert_type(record.error, BaseException | None)
assert_type(record.object, Any)
assert_type([answer.close for answer in record.results], list[tuple[str, ...]])
assert_type(ssot_shims.all_shims(), tuple[ssot_shims.ShimRecord, ...])
assert_type(ssot_shims.is_placeholder(config), bool)
assert_type([difference.is_error for difference in ssot_shims.verify(Colour)], list[bool])
assert_type(ssot_shims.compare(Quota, Limits), tuple[ssot_shims.Difference, ...])
assert_type(record.replace(reason="another"), ssot_shims.ShimRecord)


def explain(record: ssot_shims.ShimRecord) -> str:
    if record.state == "upstream" or record.state == "absent" or record.state == "moved":
        return record.reason
    if record.state == "broken" or record.state == "forced":
        return record.hint
    assert_never(record.state)


# Errors: from the package or from its module, caught by what they are about, and carrying their data.
every_error: list[type[SsotShimsError]] = [errors.CircularShim, errors.InvalidSetting, UpstreamError]
kind: type[UserWarning] = ssot_shims.PlaceholderWarning

try:
    shim_of(3)
except UnknownName as error:
    assert_type(error.known, tuple[str, ...])
    lookup_error: LookupError = error

try:
    shim("acme.limits.Limits")
except InvalidDeclaration as error:
    assert_type(error.problem, str)
    value_error: ValueError = error

"""What type checkers reject; each mark has what the message quotes, the rule of mypy, and that of pyright."""

from enum import Enum

from ssot_shims import HeartbeatConfig, shim, skip_unless_available


@skip_unless_available  # rejected: skip_unless_available arg-type reportArgumentType
def test_containers() -> None: ...


@shim  # rejected: shim arg-type reportArgumentType
class Limits:
    retries: int = 3


@shim("acme.limits:Colour")
class Colour(Enum):
    RED = "red"


@shim("acme.limits:parse")
def parse(text: str) -> int:
    from ssot_shims import HeartbeetConfig  # rejected: HeartbeetConfig attr-defined reportAttributeAccessIssue

    print(HeartbeetConfig)
    return int(text)


print(Colour.READ)  # rejected: READ attr-defined reportAttributeAccessIssue
parse(3)  # rejected: parse arg-type reportArgumentType
HeartbeatConfig.for_environment(environment=3)  # rejected: for_environment arg-type reportArgumentType
HeartbeatConfig(heartbeat_interval=30)  # rejected: heartbeat_interval call-arg reportCallIssue
print(HeartbeatConfig().heartbeat_intervall)  # rejected: heartbeat_intervall attr-defined reportAttributeAccessIssue

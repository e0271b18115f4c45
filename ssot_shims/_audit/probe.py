"""Hand-made probes: functions that answer yes or no, and look for Docker, a port or an HTTP address to know it."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from ssot_shims._audit.pattern import Pattern
from ssot_shims._codebase.source import Function, assigned, called, constant, dotted, within

_MOST = 30  # statements; whatever is longer does more than look
_QUESTIONS = frozenset({"info", "ps", "version", "--version", "-v"})
_SDK = frozenset({"docker.from_env", "docker.DockerClient", "docker.APIClient"})
_PLACES = frozenset({"docker", "/var/run/docker.sock", "/run/docker.sock"})
_GETTERS = frozenset({"requests.get", "requests.head", "httpx.get", "httpx.head", "urlopen", "urllib.request.urlopen"})
_CLIENTS = frozenset({"ClientSession", "AsyncClient", "Client", "Session"})
_STATUS = frozenset({"status_code", "status", "ok", "is_success", "raise_for_status", "getcode", "code"})
_PERSONAL = frozenset({"headers", "cookies", "auth", "params"})  # who asks, and for what
# A function that does one of these does more than look.
_TALKING = frozenset({"send", "sendall", "recv", "read", "readline", "readexactly", "write", "drain", "bind", "listen"})
_WORK = _TALKING | {"post", "put", "patch", "delete", "json", "text", "content", "containers", "images"}
_PROCESSES = frozenset({"run", "call", "check_call", "check_output", "Popen"})


def probe(function: Function) -> Pattern | None:
    """The probe that *function* is; None when it is none."""
    nodes = [*within(function)]
    is_long = sum(isinstance(node, ast.stmt) for node in nodes) > _MOST
    is_busy = any(getattr(node, "attr", "") in _WORK for node in nodes)
    if is_long or is_busy or function.name.lstrip("_").startswith("test"):
        return None
    found = _looked_for(nodes) if _answers(function, nodes) else None
    if not found:
        return None
    rule, notation = found
    replacement = "is_docker_available()" if notation == "docker" else f'is_available("{notation}")'
    if any(called(node) == "sleep" for node in nodes):
        replacement = f'capabilities.check("{notation}", wait=60)'
    return Pattern.at(function, rule, f"def {function.name}", replacement, names=(function.name,), notation=notation)


def _looked_for(nodes: Sequence[ast.AST]) -> tuple[str, str] | None:
    """The rule and the notation for what *nodes* look for."""
    if docker := _docker(nodes):
        return "SSA201", docker
    calls = [node for node in nodes if isinstance(node, ast.Call) and node.args]
    if any(called(call) in _PROCESSES for call in calls):
        return None
    for call in calls:
        name, parts = called(call), call.args
        parts = parts[0].elts if isinstance(parts[0], ast.Tuple) else parts
        if name in ("connect_ex", "open_connection") or (name in ("create_connection", "connect") and len(parts) == 2):
            host, port = parts[0], parts[1] if len(parts) > 1 else None
            return "SSA202", f"tcp://{constant(host) or 'HOST'}:{constant(port) or 'PORT'}"
    bound = [(dotted(node.optional_vars), node.context_expr) for node in nodes if isinstance(node, ast.withitem)]
    clients = [name for name, value in [*bound, *assigned(nodes)] if called(value) in _CLIENTS]
    getters = _GETTERS | {f"{name}.{method}" for name in clients for method in ("get", "head")}
    requests = [call for call in calls if dotted(call) in getters]
    is_plain = len(requests) == 1 and _PERSONAL.isdisjoint(each.arg for each in requests[0].keywords)
    compares = [node for node in nodes if isinstance(node, ast.Compare)]
    asked = {constant(part): node.ops[0] for node in compares for part in (node.left, *node.comparators)}
    # Who asks for 404 alone wants to know whether something is not there.
    is_absence = isinstance(asked.get(404), ast.Eq) and 200 not in asked
    if not is_plain or is_absence or not any(getattr(node, "attr", "") in _STATUS for node in nodes):
        return None
    return "SSA203", str(constant(requests[0].args[0]) or "http://HOST:PORT/PATH")


def _docker(nodes: Sequence[ast.AST]) -> str:
    """The notation of the probe for Docker, or one container, that *nodes* are; empty for anything else."""
    commands = [words for words in map(_words, nodes) if words[:1] == ["docker"] and words[1:]]
    asked = {words[1] for words in commands}
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    places = {constant(call.args[0]) for call in calls if called(call) in ("which", "exists", "Path") and call.args}
    is_asked = asked or places & _PLACES or not _SDK.isdisjoint(map(dotted, calls))
    if not asked <= _QUESTIONS or not is_asked:
        return ""
    is_sought = any(isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In | ast.NotIn) for node in nodes)
    return "docker:container=NAME" if "ps" in asked and is_sought else "docker"


def _words(node: ast.AST) -> list[object]:
    """The words of the command that *node* may be: a list, the arguments of a call, or one text."""
    parts = node.elts if isinstance(node, ast.List) else node.args if isinstance(node, ast.Call) else []
    words = [*map(constant, parts)]
    return [*words[0].split()] if words and isinstance(words[0], str) and " " in words[0] else words


def _answers(function: Function, nodes: Sequence[ast.AST]) -> bool:
    """Whether *function* returns a bool, and yes for what is there."""
    values = [node.value for node in nodes if isinstance(node, ast.Return)]
    bools = {name for name, value in assigned(nodes) if _is_bool(value)}
    is_annotated = dotted(function.returns) == "bool"
    if not all(_is_bool(value) or (value and (is_annotated or dotted(value) in bools)) for value in values):
        return False
    handled = [part for node in nodes if isinstance(node, ast.ExceptHandler) for part in within(node)]
    # Yes when nothing answers is how one looks for a free port.
    is_reversed = any(isinstance(part, ast.Return) and constant(part.value) is True for part in handled)
    is_no = all(constant(value) is False for value in values)
    return not (is_reversed or is_no or any(isinstance(node, ast.Raise) for node in nodes))


def _is_bool(value: ast.expr | None) -> bool:
    if isinstance(value, ast.BoolOp):
        return any(map(_is_bool, value.values))
    is_not = isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.Not)
    is_equal = isinstance(value, ast.Compare) and not isinstance(value.ops[0], ast.NotEq)  # != 0: the port is free
    is_made = called(value) in ("bool", "all", "any", "exists")
    return isinstance(constant(value), bool) or is_equal or is_not or is_made

"""Whether what is written with dots behind an imported package is what an import by name gives.

``from new.mod import Name`` asks the import system for ``new.mod``; ``new.mod.Name`` asks the package ``new`` for
whatever it calls ``mod``. Most times that is the same. Nothing is run to find out.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

from ssot_shims._lookup.bindings import dynamic_features, is_bound, parent_of, parse
from ssot_shims._migrate.names import Names
from ssot_shims._migrate.places import located, parsed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ssot_shims._migrate.rules import Rule


def why_not_reached(roots: tuple[str, ...], module: str, name: str) -> str:
    """Why ``module.name`` may be another thing than *name* imported from *module*; empty when it is that."""
    if why := why_hidden(roots, module):
        return why
    if is_module(roots, module, name) and _binds(roots, module, name) is not True:
        return f"{module}.{name} is a module, and nothing shows that {module} imports it"
    return ""


def why_hidden(roots: tuple[str, ...], module: str) -> str:
    """Why *module*, written with dots, may be another thing than that module."""
    steps = module.split(".")
    for end in range(1, len(steps)):
        package, step = ".".join(steps[:end]), steps[end]
        if _gives_away(roots, package, step):
            return f"{package} may give the name {step} to something else than its module"
    return ""


def why_not_one(roots: tuple[str, ...], rule: Rule, name: str) -> str:
    """Why a rule for all names of a module may not be about *name*: both homes have a module of that name."""
    for home in (rule.old_module, rule.new_module):
        if not is_module(roots, home, name) or _gives_away(roots, home, name):
            return ""
    one, other = f"{rule.old_module}:{name}", f"{rule.new_module}:{name}"
    return f"{one} and {other} are two modules; if one may stand for the other, say so in a rule: {one} = {other}"


@cache  # every file of a tree asks about the same few modules
def is_module(roots: tuple[str, ...], package: str, name: str) -> bool:
    """Whether *package* has a submodule *name*."""
    return any(located(roots, f"{package}.{name}"))


@cache  # as above
def _gives_away(roots: tuple[str, ...], package: str, name: str) -> bool:
    """Whether *package* may give the name of its submodule to something else when it runs."""
    if _binds(roots, package, name) is False:
        return False
    tree = parsed(located(roots, package)[0])
    if tree is None:
        return True
    stars = (node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.names[0].name == "*")
    if any(_may_bring(roots, parent_of(star, package), name) for star in stars):
        return True
    bindings = (binding for binding in Names(tree, {name}).bindings if binding.scope.parent is None)
    return not all(_is_itself(binding.node, binding.index, package, name) for binding in bindings)


def _may_bring(roots: tuple[str, ...], module: str, name: str) -> bool:
    """Whether a star import from *module* may bring *name*."""
    return not located(roots, module)[0] or _binds(roots, module, name) is not False


def _is_itself(node: ast.AST, index: int, package: str, name: str) -> bool:
    """Whether an import in *package* binds its own submodule *name*."""
    if isinstance(node, ast.ImportFrom):
        return (parent_of(node, package), node.names[index].name) == (package, name)
    if isinstance(node, ast.Import):
        return (node.names[index].name, node.names[index].asname) == (f"{package}.{name}", name)
    return False


def _binds(roots: tuple[str, ...], module: str, name: str) -> bool | None:
    """Whether *module* binds *name*; None when only running it could tell."""
    tree = parse(_source(roots, module))
    if tree is None:
        return None
    if is_bound(tree, name):
        return True
    return None if any(dynamic_features(tree, name, module)) else False


def _source(roots: tuple[str, ...], module: str) -> bytes:
    """The source of *module*; nothing when it has none to read."""
    try:
        return Path(located(roots, module)[0]).read_bytes()
    except OSError:
        return b""

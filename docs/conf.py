"""Sphinx configuration: Markdown pages (MyST), the furo theme, the API from docstrings. Needs no network."""

from __future__ import annotations

from sphinx.util.nodes import make_refnode

from ssot_shims import __version__

project = "ssot_shims"
author = "The ssot_shims developers"
copyright = "The ssot_shims developers"
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"ssot_shims {__version__}"
html_copy_source = False

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_member_order = "bysource"
autodoc_class_signature = "mixed"


# Types of the standard library and of the Docker SDK, whose documentation is not here, and type variables.
nitpick_ignore = [
    ("py:class", name)
    for name in (
        "collections.abc.Mapping",
        "collections.abc.Callable",
        "Callable[[]",
        "AbstractContextManager",
        "pathlib.Path",
        "os.PathLike",
        "DockerClient",
        "T",
        "ssot_shims._unittest.Test",
    )
]


def resolve_short_names(app, env, node, contnode):
    """Link a name in a docstring or a signature to its public page, whatever private module it is written with."""
    name = node.get("reftarget", "").rpartition(".")[2]
    objects = env.get_domain("py").objects
    for full in (f"ssot_shims.{name}", f"ssot_shims.errors.{name}", f"ssot_shims.Registry.{name}"):
        if full in objects:
            page = objects[full].docname
            return make_refnode(app.builder, node["refdoc"], page, objects[full].node_id, contnode, full)
    return None


def setup(app):
    app.connect("missing-reference", resolve_short_names)

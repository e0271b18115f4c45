"""``python -m ssot_shims`` is the command line."""

from ssot_shims.cli import run

run()

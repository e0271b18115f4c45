"""``python -m ssot_shims`` is the command line."""

from ssot_shims.cli import run

if __name__ == "__main__":  # a worker process of migrate imports this module again, under another name
    run()

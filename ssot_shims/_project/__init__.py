"""``pyproject.toml``, and what follows from it."""

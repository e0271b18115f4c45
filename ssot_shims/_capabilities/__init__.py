"""The registry of capabilities, and the cached answers."""

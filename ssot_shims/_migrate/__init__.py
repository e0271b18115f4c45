"""``ssot-shims migrate``: imports of a whole tree moved to the single source of truth, file by file and proved."""

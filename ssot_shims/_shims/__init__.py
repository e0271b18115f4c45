"""The upstream object when it is there, otherwise the placeholder."""

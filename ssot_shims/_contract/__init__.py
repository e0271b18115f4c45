"""The comparison of a placeholder with its upstream."""

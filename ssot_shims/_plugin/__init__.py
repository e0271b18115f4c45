"""What the pytest plugin does once it is needed: each module is imported at its first use."""

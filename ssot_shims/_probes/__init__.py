"""What finds out whether something is there: one file a kind of probe."""

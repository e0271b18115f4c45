"""The command ``report``: JUnit XML of many jobs, added up."""

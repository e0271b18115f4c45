"""What every command about a code base shares: the files to visit, their source, findings."""

"""What every command about a code base shares: files to visit, source text, findings, output."""

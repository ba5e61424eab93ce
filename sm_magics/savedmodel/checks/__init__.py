"""What can be known to go wrong: one module a family of findings."""

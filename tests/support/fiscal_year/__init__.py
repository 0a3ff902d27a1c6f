"""A whole fiscal year of the seven funds over HTTP, by an officer and a checker; told in docs/fiscal-year.md. All of it is invented."""

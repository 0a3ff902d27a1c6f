"""Documents of claims: what households hand in, sealed where it lies, shown to who may see it."""

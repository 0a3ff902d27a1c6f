"""What `make check` asks beyond format, lint, types and import rules: drift of migrations, OpenAPI and lock."""

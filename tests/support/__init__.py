"""What tests share: a throw-away PostgreSQL, databases from templates, tokens, clients, real processes."""

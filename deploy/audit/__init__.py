"""Tools for auditors that share no code with the services."""

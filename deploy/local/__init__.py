"""The local runner behind `make run`: PostgreSQL, both services and the worker on one machine.

Owns: the embedded database server, its roles and databases, development keys and tokens, and the
supervisor. Must not: import a service's rooms (it starts services as processes and talks HTTP).
"""

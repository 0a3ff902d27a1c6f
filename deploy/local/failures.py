"""The one exception a person at the terminal may see, always as a single line."""


class RunnerError(Exception):
    """Something the person can mend: its text is the whole message, and `make` ends with code 2."""

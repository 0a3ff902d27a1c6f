"""The whole ledger once more, as dictionaries and integers: what must come of any sequence of operations.

Written by hand from what the documents say an operation books and refuses; nothing here imports the ledger. ``book`` holds the
figures, ``asked_of_all`` what every entry must pass, ``operation`` what all operations share; each operation is one class in a module
of its kind (those of the catalogue share ``business``). ``driver`` does the same operations over HTTP; ``comparing`` and ``registers``
hold the two against each other. To cover a new operation, write its class and name it in ``sequences``.
"""

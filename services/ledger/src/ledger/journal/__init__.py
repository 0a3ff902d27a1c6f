"""The journal: the only door through which money moves. Entries, postings, the posting engine, reversals, the hash chain."""

"""Reports: what the county office and its supervisors read, from stored rows only."""

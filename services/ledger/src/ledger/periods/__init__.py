"""The periods room: months of a book, closed and reopened in order."""

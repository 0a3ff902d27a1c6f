"""The year-end room: closing a year's results, carrying its budget forward, and showing that nothing was lost between the years."""

"""Working days: the published calendar, what staff add to it, and the deadlines counted by it."""

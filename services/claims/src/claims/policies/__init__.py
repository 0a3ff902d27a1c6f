"""Insurance programmes of a year and their dated terms."""

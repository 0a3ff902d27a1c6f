"""Administrative divisions: towns and villages of a county, by statistical code, as dated data."""

"""The register as files: households imported from spreadsheets and taken away as spreadsheets."""

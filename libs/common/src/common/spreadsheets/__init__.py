"""Spreadsheets people hand in and take away: reading CSV and XLSX, writing XLSX."""

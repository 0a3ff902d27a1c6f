"""The statements room: the reports an officer hands in, and every report as CSV and XLSX. Reads only."""

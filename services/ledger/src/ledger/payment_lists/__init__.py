"""Payment lists 发放清单: a file whose every row is one operation on a fund."""

"""The benchmarks: `make bench`. What each row means: docs/benchmarks.md."""

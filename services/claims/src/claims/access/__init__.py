"""Who saw, took away or erased what: the chained access log."""

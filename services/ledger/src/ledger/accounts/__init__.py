"""The accounts room: the chart of accounts and the accounts of every fund."""

"""What the budget is: purposes under a fund, versions by decision of an authority, and what moves between funds."""

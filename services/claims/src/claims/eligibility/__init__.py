"""The checks and the benefit computation of a claim, with their explanations."""

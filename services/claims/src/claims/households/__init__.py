"""Households and their members: who may be helped, where they live, what they earn."""

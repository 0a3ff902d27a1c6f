"""The claims service: households and leads, policies, claims decided by rules that explain themselves, payouts."""

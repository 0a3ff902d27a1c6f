"""Intake of claims, their review path, and their status from report to payment."""

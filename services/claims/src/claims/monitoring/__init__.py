"""Risk leads of the six channels, their handling steps, monitored households, and the income lines they are measured by."""

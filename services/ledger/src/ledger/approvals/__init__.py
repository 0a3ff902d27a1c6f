"""Maker and checker 复核: which entries need a second person, what waits for one, and its approval, refusal or withdrawal."""

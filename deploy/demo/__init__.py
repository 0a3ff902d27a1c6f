"""The Ningshan demo book: an invented year 2021 in the county's real proportions, loaded through the services' own APIs.

The counts of leads, monitored households and people, overhaul funds, households paid and the amount paid are the programme's own figures
(docs/domain/programme.md). Every person, number, amount and date below them is invented with a fixed seed and stands for nobody.
"""

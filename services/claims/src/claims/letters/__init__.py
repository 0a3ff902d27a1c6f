"""The letters room: a decision as the page that is printed and given to the claimant 核定通知书. Reads only."""

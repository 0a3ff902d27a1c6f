"""What each fund does: operations as data. A new kind of operation is a new block in a catalogue, not new code."""

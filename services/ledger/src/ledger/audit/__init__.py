"""The audit room: exports of the journal, and verification of the chain. Reads only."""

"""Scenarios of rehearsals: what they are, how they are written, and which there are."""

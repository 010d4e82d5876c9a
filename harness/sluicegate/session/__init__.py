"""Use cases: what a user asks for, from reading to writing. Doors call these and nothing below."""

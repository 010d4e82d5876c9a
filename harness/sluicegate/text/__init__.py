"""Text as an attacker sees it: decoders, invisible characters, links. Pure; total on any string."""

"""Adapters that take in what was measured elsewhere: files, databases, attestations, the subject, a verdict."""

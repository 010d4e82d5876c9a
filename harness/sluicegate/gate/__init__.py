"""From evidence to a verdict: validity, counting, criteria, the order of evaluation. Pure."""

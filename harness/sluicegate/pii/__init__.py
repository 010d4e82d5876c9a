"""Personal data and secrets in text: what is known, what has a check digit, what has a shape. Offline, always."""

"""Golden sets as JSON lines of cases, with a manifest of what they are; and the programs that wrote them."""

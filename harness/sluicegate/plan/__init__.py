"""The plan, its lock and its cases: read strictly, checked whole, and typed. Nothing here runs anything."""

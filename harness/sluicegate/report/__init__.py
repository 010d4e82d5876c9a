"""A verdict as text, Markdown, JUnit, HTML and JSON. Values in, text out: nothing here prints or writes a file."""

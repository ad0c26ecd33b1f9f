"""The form as a web page."""

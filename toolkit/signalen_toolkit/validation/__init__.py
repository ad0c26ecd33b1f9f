"""From a form to the problems in it."""

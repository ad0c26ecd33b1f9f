"""Git, the program."""

"""The tests of what is in the package of the same name."""

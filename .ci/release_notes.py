"""Print what CHANGELOG.md says of the newest version: the notes of its release."""

from release_check import release_notes

print(release_notes())

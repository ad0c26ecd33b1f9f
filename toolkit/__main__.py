"""`python -m toolkit` is `signalen`."""

from toolkit.cli import main

main()

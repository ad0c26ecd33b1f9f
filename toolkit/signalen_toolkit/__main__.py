"""`python -m signalen_toolkit` is `signalen`."""

from signalen_toolkit.cli.main import main

main()

"""Completes the repository where Signalen Toolkit is installed, and says what to do where it is not."""

import sys
from pathlib import Path

try:
    from toolkit.problems import ProblemsError, UsageError
    from toolkit.reporters import report
    from toolkit.scaffold import complete
except ImportError:
    print("Signalen Toolkit is not installed here, so the form was not checked and clusters/ was not made.")
    print("Next, in the new folder:")
    print("  1. install it: pip install signalen-toolkit")
    print("  2. signalen schema municipality > .signalen/municipality.schema.json")
    print("  3. signalen check, and then signalen render")
    print("  4. git init, commit and push")
    Path(".signalen").mkdir(exist_ok=True)
    sys.exit(0)

try:
    problems = complete(Path.cwd())
except ProblemsError as error:
    print(report(error.problems, "text"), file=sys.stderr)
    print("Nothing was made: run cookiecutter again with the right answers.", file=sys.stderr)
    sys.exit(1)
except (UsageError, OSError) as error:
    print(error, file=sys.stderr)
    sys.exit(1)
if problems:
    print(report(problems, "text"), file=sys.stderr)
print("Made the form, checked, and clusters/. Next: git init, commit and push; then see README.md.")

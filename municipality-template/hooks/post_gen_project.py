"""Completes the repository where Signalen Toolkit is installed, and says what to do where it is not."""

import re
import sys
from pathlib import Path

# As in signalen_toolkit/form/git_hosts.py, which may not be there: what the name of a Git server tells, and where it has its pipeline.
PIPELINES = {
    "github": ".github/workflows/signalen.yml",
    "gitlab": ".gitlab-ci.yml",
    "azure": "azure-pipelines.yml",
    "forgejo": ".forgejo/workflows/signalen.yml",
    "gitea": ".gitea/workflows/signalen.yml",
}
NAMES = (
    (r"(^|\.)(dev\.azure\.com|visualstudio\.com)$", "azure"),
    (r"(^|\.)codeberg\.org$|(^|[.-])forgejo[.-]", "forgejo"),
    (r"(^|[.-])gitea[.-]", "gitea"),
    (r"(^|[.-])gitlab[.-]", "gitlab"),
)


def keep_pipeline(url: str) -> None:
    """Remove the pipelines of all other kinds of Git servers."""
    found = re.match(r"^(?:\w+://)?(?:[^@/]*@)?([^/:]+)", url)
    server = found[1].lower() if found else ""
    forge = next((forge for pattern, forge in NAMES if re.search(pattern, server)), "github")
    for other, path in PIPELINES.items():
        if other != forge:
            Path(path).unlink()
            folder = Path(path).parent
            while folder != Path() and not any(folder.iterdir()):
                folder.rmdir()
                folder = folder.parent


try:
    from signalen_toolkit.diagnostics.problems import ProblemsError, UsageError
    from signalen_toolkit.diagnostics.reporters import report
    from signalen_toolkit.repository.new import complete
except ImportError:
    print("Signalen Toolkit is not installed here, so the form was not checked and clusters/ was not made.")
    print("Next, in the new folder:")
    print("  1. install it: pip install signalen-toolkit")
    print("  2. signalen schema municipality > .signalen/municipality.schema.json")
    print("  3. signalen check, and then signalen render")
    print("  4. git init, commit and push")
    Path(".signalen").mkdir(exist_ok=True)
    keep_pipeline({{ cookiecutter.repository_url | jsonify }})
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

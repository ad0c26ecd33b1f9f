"""Completes the repository where Signalen Toolkit is installed, and says what to do where it is not."""

import re
import sys
from pathlib import Path

import yaml  # which cookiecutter itself needs

# A hook is run from a copy and does not know where the template is, so the file came along with the rest.
GIT_HOSTS = Path(".signalen/git-hosts.yaml")


def keep_pipeline(url: str) -> None:
    """Remove the pipelines of all other kinds of Git servers, and the list of them."""
    known = yaml.safe_load(GIT_HOSTS.read_text(encoding="utf-8"))
    GIT_HOSTS.unlink()
    forge = kind_of(url, known["hosts"]) or known["default"]
    for other, host in known["hosts"].items():
        if other != forge:
            path = Path(host["pipeline"])
            path.unlink()
            folder = path.parent
            while folder != Path() and not any(folder.iterdir()):
                folder.rmdir()
                folder = folder.parent


def kind_of(url: str, hosts: dict) -> str:
    """Tell the kind of a Git server by its name, as signalen_toolkit/form/git_hosts.py does, which may not be there."""
    found = re.match(r"^(?:\w+://)?(?:[^@/]*@)?([^/:]+)", url)
    server = found[1].lower() if found else ""
    for kind, host in hosts.items():
        if any(f".{server}".endswith(f".{site}") for site in host.get("sites", [])):
            return kind
    for kind, host in hosts.items():
        if any(re.search(rf"(^|[.-]){word}[.-]", server) for word in host.get("words", [])):
            return kind
    return ""


try:
    from signalen_toolkit.diagnostics.problems import ProblemsError, UsageError
    from signalen_toolkit.diagnostics.reporters import report
    from signalen_toolkit.repository.new import complete
except ImportError:
    print("Signalen Toolkit is not installed here, so the form was not checked and clusters/ was not made.")
    print("Next, in the new folder:")
    print("  1. install it: {{ cookiecutter._source }}#readme says how")
    print("  2. git init and commit; then signalen update, which adds the schema and what pipelines install from")
    print("  3. signalen check, and then signalen render")
    print("  4. commit and push")
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

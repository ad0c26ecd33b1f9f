"""`signalen hook`: what the hooks of pre-commit run where a command of `signalen` alone does not do.

pre-commit sees that a hook changed files that Git knows, and no others: so `render` itself has to fail where it wrote
a new file, or where a file that was rendered is not in the commit.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from signalen_toolkit.base.files import alone
from signalen_toolkit.base.layout import CLUSTERS, FORM_FILE
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.cli import streams
from signalen_toolkit.cli.shared import in_words, tell
from signalen_toolkit.diagnostics.hiding import without_contents
from signalen_toolkit.diagnostics.output import say
from signalen_toolkit.diagnostics.problems import Problem, ProblemsError, Severity, UsageError, has_errors, ordered
from signalen_toolkit.diagnostics.reporters import report
from signalen_toolkit.form.model import find
from signalen_toolkit.git.worktree import untracked
from signalen_toolkit.rendering import tree
from signalen_toolkit.rendering.render import render
from signalen_toolkit.secrets import plaintext
from signalen_toolkit.validation.check import check_file


def main(arguments: Sequence[str]) -> int:
    """Run the hook `check`, `render`, or `secrets` on the files that are named; return the exit code."""
    hook, *names = arguments or [""]
    try:
        match hook:
            case "check":
                return _print([problem for form in find(Path()) for problem in check_file(form, catalog())[1]])
            case "render":
                return _render()
            case "secrets":
                return _print(ordered(_secrets(names)))
        tell("use: signalen hook check | render | secrets FILE…", err=True)
    except ProblemsError as error:
        return _print(error.problems)
    except UsageError as error:
        say(f"Error: {in_words(without_contents(str(error)))}", err=True)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        say(f"Error: {where}{error.strerror or error}", err=True)
    return 2


def _render() -> int:
    changed = False
    for form in find(Path()):
        directory = form.parent
        with alone(directory):
            config, problems = check_file(form, catalog())
            if has_errors(problems):
                raise ProblemsError(problems)
            changes = tree.put(directory, render(config, catalog()))
        said = [*(f"wrote {path}" for path in changes.written), *(f"removed {path}" for path in changes.removed)]
        left_out = [] if said else untracked(directory, CLUSTERS)
        said += [f"{directory / path} is not in the commit" for path in left_out]
        if said:
            changed = True
            tell("\n".join(said))
            tell(f"add it to the commit: git add {directory / CLUSTERS}")
    return int(changed)


def _secrets(names: Sequence[str]) -> Iterator[Problem]:
    for name in dict.fromkeys(names):
        path = Path(name)
        if not path.is_file():
            continue  # a link that leads nowhere
        content = path.read_bytes()
        if path.name == FORM_FILE:
            yield from _secrets_in_form(path, content)
            continue
        yield from plaintext.problems(name, content)
        for made_of in plaintext.generated_from(content):
            file = path.parent / made_of
            if file.is_file() and not plaintext.is_encrypted(file.read_bytes()):
                message = f"kustomize makes a Secret of {made_of}, which SOPS did not encrypt"
                yield Problem(plaintext.RULE, message, name, hint="encrypt it with SOPS, and change the secret")


def _secrets_in_form(path: Path, content: bytes) -> Iterator[Problem]:
    """Yield the secrets in a form; where it cannot be read, why: a guard that cannot look does not say all is well."""
    text = plaintext.decoded(content) or ""
    config, problems = check_file(path, catalog())
    found = [one for one in problems if one.rule == plaintext.RULE]
    yield from found
    if not config.environments:
        yield from (one for one in problems if one.severity is Severity.ERROR and one not in found)
    lines = {one.line for one in found}  # the rest is in comments, or in what is no value
    yield from (one for one in plaintext.keys(str(path), text) if one.line not in lines)


def _print(problems: Sequence[Problem]) -> int:
    if problems:
        say(report(problems, "text", words=in_words))
    return int(has_errors(problems))


if __name__ == "__main__":
    streams.prepare()
    sys.exit(main(sys.argv[1:]))

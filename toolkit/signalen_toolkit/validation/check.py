"""Everything that is wrong with a form: what cannot be read, what the schema refuses, what the rules find."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import takewhile
from pathlib import Path
from typing import Any

from signalen_toolkit.base.layout import FORM_FILE
from signalen_toolkit.catalog.model import Catalog
from signalen_toolkit.diagnostics.problems import Problem, ordered, the_first
from signalen_toolkit.documents import reader
from signalen_toolkit.documents.data import at, merge
from signalen_toolkit.documents.reader import Document
from signalen_toolkit.documents.scalars import inline
from signalen_toolkit.form import config, fleet, rendered
from signalen_toolkit.form.config import Config
from signalen_toolkit.form.fleet import read_form
from signalen_toolkit.form.model import Form, read_assets
from signalen_toolkit.form.schema import compiled_form_schema, form_schema, resolve
from signalen_toolkit.git import enclosing
from signalen_toolkit.schema import validate
from signalen_toolkit.validation import ignore
from signalen_toolkit.validation.effective import with_overrides
from signalen_toolkit.validation.rules import rules
from signalen_toolkit.validation.rules.access import secrets


def check_file(path: Path, charts: Catalog, *, name: str | None = None) -> tuple[Config, list[Problem]]:
    """Check the form in a file and the images beside it; `name` is how messages call the file.

    Returns the completed form and all problems, sorted by position. Where a problem is an error, the completed
    form is not fit to be rendered. Raises UsageError when the file cannot be opened.
    """
    lies = enclosing.place(path.parent) if path.name == FORM_FILE else None
    return check(read_form(path.parent, path.name, name=name), charts, path.parent, lies=lies)


def check(
    source: Document,
    charts: Catalog,
    folder: Path,
    *,
    images: Mapping[str, bytes] | None = None,
    lies: str | None = None,
) -> tuple[Config, list[Problem]]:
    """Check a form that was read; `folder` is the repository that holds its images and what was rendered before.

    `images` are files that are to come into it, by path: they count in place of those that are there. `lies` is where
    the form itself lies, from the top of the Git repository around it; None where that is nowhere yet.
    """
    if source.data is None:
        return Config(()), ordered(source.problems)
    right = _right_part(source.data)
    completed = config.build(right, charts, {**read_assets(folder, right), **(images or {})})
    effective, overridden = with_overrides(completed, right, charts)
    form = Form(source, effective, charts, rendered.on_disk(folder), lies, overridden)
    problems = [
        *source.problems,
        *validate.schema_problems(source, compiled_form_schema()),
        *_missing(form, right),
        *(problem for rule in rules().values() for problem in the_first(rule.check(form))),
    ]
    problems = ignore.without_ignored(source, problems, reasons())
    # A problem shows the line that it is on, and a secret may stand on that line.
    return completed, ordered(secrets.hide(source, problems))


def reasons() -> dict[str, str]:
    """Return why each kind of problem is one, by rule id."""
    found = {
        **reader.REASONS,
        **fleet.REASONS,
        **validate.REASONS,
        **ignore.REASONS,
        **{rule.id: rule.reason for rule in rules().values()},
    }
    return dict(sorted(found.items()))


def _right_part(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return a form without the keys and values that the schema refuses, so that rules can count on types."""
    right = merge(data, {})
    for path in validate.wrong_values(data, compiled_form_schema()):
        # Half a list is another list: the whole of it goes. Its items are the document's own, and are not touched.
        keys = tuple(takewhile(lambda part: isinstance(part, str), path))
        if keys and isinstance(owner := at(right, *keys[:-1]), dict):
            owner.pop(str(keys[-1]), None)
    return right


def _missing(form: Form, right: Mapping[str, Any]) -> Iterator[Problem]:
    """Report what every environment must have, there or at the top, and has in neither place.

    What follows from other settings is there too: the sign-in of an environment with a Dex of its own.
    """
    data = form.document.data
    environments = data.get("environments")
    names = list(environments) if isinstance(environments, dict) else []
    completed = {environment.name: environment.settings for environment in form.config.environments}
    # Where all environments are missing, or under a key with a mistake in it: one with nothing of its own.
    any_ = config.build({**right, "environments": {"": {}}}, form.charts).environments[0].settings if not names else {}
    for section, node in form_schema()["properties"].items():
        target = resolve(node)
        for key in target.get("x-required", ()):
            if form.document.node((section, key)) is not None or at(any_, section, key):
                continue
            without = [
                name
                for name in names
                if form.document.node(("environments", name, section, key)) is None
                and not at(completed.get(name), section, key)
            ]
            if len(without) < len(names):
                for name in without:
                    message = f"'{key}' is missing from '{section}' of environment '{name}'"
                    yield _missing_key(form, ("environments", name, section, key), message, target, key)
            else:
                whole = form.document.node((section,)) is None
                message = (
                    f"'{section}.{key}' is missing from the form" if whole else f"'{key}' is missing from '{section}'"
                )
                yield _missing_key(form, (section, key), message, target, key)


def _missing_key(form: Form, place: tuple[str, ...], message: str, section: Mapping[str, Any], key: str) -> Problem:
    setting = resolve(section["properties"][key])
    example = setting["examples"][0]
    hint = f"{setting['description'].rstrip('.')}; for example {key}: {inline(example)}"
    return form.document.problem("missing-key", message, place, hint=hint)

"""Amsterdam: what stands in its published configuration, and in another municipality's form was copied along."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from signalen_toolkit.diagnostics.problems import Problem, Severity
from signalen_toolkit.documents.data import Place, at
from signalen_toolkit.form.derive import municipality_of
from signalen_toolkit.form.model import Form
from signalen_toolkit.validation.rules import rule

AMSTERDAM: Final = "GM0363"
# From the first letter of a host on, so that a text with many dots is gone through once.
_ADDRESS = re.compile(r"(?<![A-Za-z0-9.-])(?:[a-z0-9-]*\.)*amsterdam\.nl(?![A-Za-z0-9-]|\.[a-z0-9])", re.IGNORECASE)
_TEXT = re.compile(r"\bgemeente amsterdam\b(?!-)|\bmeldingen amsterdam\b(?!-)|amsterdam-logo", re.IGNORECASE)
_PHONE = re.compile(r"(?<![0-9])14[ -]?020(?![0-9])")
_FEATURE: Final = "amsterdam"


@rule("other-municipality", "residents would be sent to another municipality")
def other_municipality(form: Form) -> Iterator[Problem]:
    """Warns of addresses, telephone numbers, texts and features of Amsterdam in the form of another municipality.

    They stand in the configuration that upstream publishes, from which forms are copied.
    """
    section = at(form.document.data, "municipality")
    if not isinstance(section, dict):
        return
    found = municipality_of(section)
    if found and found.code == AMSTERDAM:
        return
    own = found.name if found else str(section.get("name", "another municipality"))
    for place, text in form.texts():
        if place[0] == "municipality":
            continue  # a name that is another municipality's has a rule of its own
        copied = _ADDRESS.search(text) or _TEXT.search(text) or _PHONE.search(text)
        if copied:
            yield _problem(form, f"'{copied.group()}' is of Amsterdam, and this form is of {own}", place)
    for environment in form.config.environments:
        for feature, state in environment.settings["features"].items():
            if state is True and feature.startswith(_FEATURE) and form.given(environment, "features", feature):
                place = form.place(environment, "features", feature)
                yield _problem(form, f"'{feature}' is a feature for Amsterdam, and this form is of {own}", place)


@rule("amsterdam-statistics", "the browser of every visitor would fetch a program of Amsterdam")
def amsterdam_statistics(form: Form) -> Iterator[Problem]:
    """Warns of an id of Piwik PRO in the form of another municipality.

    Source: the frontend's own start script, which asks Amsterdam's server for the program, whatever the id.
    """
    for environment in form.config.environments:
        found = municipality_of(environment.settings["municipality"])
        if environment.settings["analytics"].get("piwikId") and not (found and found.code == AMSTERDAM):
            yield form.problem(
                "amsterdam-statistics",
                "with 'piwikId' the site fetches its statistics program from dap.amsterdam.nl, and tells Amsterdam",
                environment,
                "analytics",
                "piwikId",
                hint="remove it: the site cannot be told another server",
                severity=Severity.WARNING,
            )


def _problem(form: Form, message: str, place: Place) -> Problem:
    hint = "write the municipality's own, or leave it out"
    return form.document.problem("other-municipality", message, place, hint=hint, severity=Severity.WARNING)

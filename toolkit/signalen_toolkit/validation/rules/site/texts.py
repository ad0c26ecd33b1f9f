"""Texts: what ends up in the configuration that the site's container puts into its own page when it starts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from signalen_toolkit.diagnostics.problems import Problem
from signalen_toolkit.documents.data import Place
from signalen_toolkit.form.model import Form
from signalen_toolkit.validation.rules import rule

# Sections of the form whose texts the site shows, or is set up with.
_SECTIONS: Final = frozenset(
    {"analytics", "branding", "contact", "domain", "hosts", "identity", "links", "map", "municipality", "texts"}
)
# What JavaScript's String.replace expands in a replacement.
_DOLLAR = re.compile(r"\$(?:[$&`']|0[1-9]|[1-9][0-9]?|<[^<>]*>)")
_END = re.compile(r"</script|<!--", re.IGNORECASE)
_STYLE = re.compile(r"</style", re.IGNORECASE)


@rule("dollar-pattern", "the site's container expands these characters to other text, and its page breaks")
def dollar_pattern(form: Form) -> Iterator[Problem]:
    """Reports `$&`, `$1`, `` $` ``, `$'`, `$$` and `$<name>` in any text that the site gets.

    The container puts its configuration into the page with JavaScript's String.replace, in which these stand for
    parts of the page itself.
    """
    for place, text in site_texts(form):
        if found := _DOLLAR.search(text):
            hint = "leave out the '$'"
            if (amount := found.group()[1:]).isdigit():
                hint = f"write 'EUR {amount}', or put a space after the '$'"
            message = (
                f"'{found.group()}' cannot stand in a text of the site: JavaScript puts something else in its place"
            )
            yield form.document.problem("dollar-pattern", message, place, hint=hint, offset=found.start())


@rule("script-end", "the rest of the page would be read as something other than it is")
def script_end(form: Form) -> Iterator[Problem]:
    """Reports `</script` and `<!--` in any text that the site gets, and `</style` in its extra CSS."""
    for place, text in site_texts(form):
        found = _END.search(text) or (_STYLE.search(text) if place[-1] == "css" else None)
        if found:
            what = "style sheet" if found.group().lower() == "</style" else "script"
            message = (
                f"'{found.group()}' cannot stand in a text of the site: it changes where the {what} around it ends"
            )
            yield form.document.problem(
                "script-end", message, place, hint=f"leave out '{found.group()}'", offset=found.start()
            )


def site_texts(form: Form) -> Iterator[tuple[Place, str]]:
    """Yield every text in the file that ends up in the configuration of the site, with its place."""
    own = {
        (component.name, component.application_config.values)
        for component in form.charts.components.values()
        if component.application_config
    }
    for place, text in form.texts():
        inner = place[2:] if place[0] == "environments" else place
        if inner and (inner[0] in _SECTIONS or (inner[0] == "overrides" and inner[1:3] in own)):
            yield place, text

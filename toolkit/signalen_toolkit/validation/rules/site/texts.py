"""Texts: what ends up in the configuration that the site's container puts into its own page when it starts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from signalen_toolkit.diagnostics.problems import Problem
from signalen_toolkit.documents.data import Place, places_in
from signalen_toolkit.form.derive import municipality_of
from signalen_toolkit.form.model import Form
from signalen_toolkit.validation.rules import rule
from signalen_toolkit.validation.rules.access.addresses import host_of
from signalen_toolkit.validation.rules.site.amsterdam import AMSTERDAM

# Sections of the form whose texts the site shows, or is set up with.
_SECTIONS: Final = frozenset(
    {"analytics", "branding", "contact", "domain", "hosts", "identity", "links", "map", "municipality", "texts"}
)
# The texts that also stand in manifest.json.
_TITLES: Final = frozenset(
    {
        ("branding", "title"),
        ("branding", "shortTitle"),
        *(("overrides", "frontend", "config", "language", key) for key in ("siteTitle", "shortTitle", "title")),
    }
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
    for place, key in _site_keys(form):
        if found := _DOLLAR.search(key):
            message = f"'{found.group()}' cannot stand in a key: JavaScript puts something else in its place"
            yield form.document.problem("dollar-pattern", message, place, hint="write another key", at="key")


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
    for place, key in _site_keys(form):
        if found := _END.search(key):
            message = f"'{found.group()}' cannot stand in a key: it changes where the script around it ends"
            yield form.document.problem("script-end", message, place, hint="write another key", at="key")


@rule("title-quote", "the page has its title between quotes in two more places, and breaks at another one")
def title_quote(form: Form) -> Iterator[Problem]:
    """Reports a quote or backslash in the title or the short title of the site.

    Source: the frontend's own start script, which puts both as they are into manifest.json and into an element of the
    page, in every release.
    """
    for place, text in form.texts():
        inner = tuple(place[2:] if place[0] == "environments" else place)
        if inner in _TITLES and (found := re.search(r'["\\]', text)):
            yield form.document.problem(
                "title-quote",
                f"{found.group()} cannot stand in a title of the site: its manifest would not be JSON",
                place,
                hint="leave it out, or write single quotation marks",
                offset=found.start(),
            )


@rule("accessibility-own-path", "the site has no statement but that of Amsterdam, under one path of its own")
def accessibility_own_path(form: Form) -> Iterator[Problem]:
    """Reports an accessibility statement on the site's own address, unless the form is Amsterdam's.

    Source: the frontend's routes, in every release: one page with Amsterdam's statement, and nothing for other paths.
    """
    for environment in form.config.environments:
        address = str(environment.settings["links"]["accessibility"])
        own = address.startswith("/") or host_of(address) == environment.hosts["frontend"]
        found = municipality_of(environment.settings["municipality"])
        if own and address and not (found and found.code == AMSTERDAM):
            yield form.problem(
                "accessibility-own-path",
                f"'{address}' is on the site itself, which has no statement of this municipality",
                environment,
                "links",
                "accessibility",
                hint="write the address of the municipality's own, for example at www.toegankelijkheidsverklaring.nl",
            )


def site_texts(form: Form) -> Iterator[tuple[Place, str]]:
    """Yield every text in the file that ends up in the configuration of the site, with its place."""
    yield from ((place, text) for place, text in form.texts() if _is_of_site(form, place))


def _site_keys(form: Form) -> Iterator[tuple[Place, str]]:
    """Yield every key that a person chose in the configuration of the site, with its place."""
    for place in places_in(form.document.data):
        if place and isinstance(place[-1], str) and _is_of_site(form, place):
            yield place, place[-1]


def _is_of_site(form: Form, place: Place) -> bool:
    """Tell whether what stands at a place ends up in the configuration of the site."""
    inner = place[2:] if place[0] == "environments" else place
    if inner[:1] == ("overrides",):
        component = form.charts.components.get(str(inner[1])) if len(inner) > 1 else None
        config = component.application_config if component else None
        return bool(config and inner[2:3] == (config.values,))
    return bool(inner) and inner[0] in _SECTIONS

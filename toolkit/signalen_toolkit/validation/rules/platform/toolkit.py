"""The toolkit: what it is installed from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from signalen_toolkit.diagnostics.problems import Problem
from signalen_toolkit.documents.data import at
from signalen_toolkit.form.model import Form
from signalen_toolkit.validation.rules import rule

# What each source needs, and for which other one a setting would be.
_NEEDS: Final[Mapping[str, tuple[str, ...]]] = {"git": ("git", "commit"), "image": ("image",)}


@rule("toolkit-source", "a pipeline that takes whatever there is runs the program of a stranger")
def toolkit_source(form: Form) -> Iterator[Problem]:
    """Reports a source of the toolkit that is not said in full, and a setting of another source than the chosen one."""
    if not form.config.environments:
        return
    section = form.config.environments[0].settings["toolkit"]
    source = section["source"]
    if source in _NEEDS and not at(section, *_NEEDS[source]):
        yield form.document.problem(
            "toolkit-source",
            f"'toolkit.source' is {source}, and 'toolkit.{'.'.join(_NEEDS[source])}' is not filled in",
            ("toolkit", "source"),
            hint="fill in the commit" if source == "git" else "fill in the image, with its digest",
        )
    for other in ("index", *_NEEDS):
        if other != source and form.document.node(("toolkit", other)) is not None:
            yield form.document.problem(
                "toolkit-source",
                f"'toolkit.{other}' is filled in, and 'toolkit.source' is {source}",
                ("toolkit", other),
                at="key",
                hint=f"write 'source: {other}', or remove it",
            )

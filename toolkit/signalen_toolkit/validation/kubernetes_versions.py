"""On which version of Kubernetes the environments of a form run: what Helm is told, and objects are checked by."""

from __future__ import annotations

from pathlib import Path

from signalen_toolkit.base import beneath
from signalen_toolkit.base.layout import FORM_FILE
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.documents.reader import Document
from signalen_toolkit.form.config import Config
from signalen_toolkit.form.fleet import read_form
from signalen_toolkit.form.schema import defaults
from signalen_toolkit.validation.check import check


def kubernetes_versions(repository: Path) -> tuple[dict[str, str], str]:
    """Return the version of Kubernetes of each environment of a repository's form, and that of any other.

    A form that is wrong or absent has none: what is compared then may well be older than the mistake.
    """
    there = beneath.look(repository, FORM_FILE) is not None
    source = read_form(repository) if there else Document(FORM_FILE, "")
    return versions_of(check(source, catalog(), repository)[0])


def versions_of(config: Config) -> tuple[dict[str, str], str]:
    """Return the same of a completed form."""
    versions = {one.name: str(one.settings["cluster"]["kubernetesVersion"]) for one in config.environments}
    return versions, str(defaults()["cluster"]["kubernetesVersion"])

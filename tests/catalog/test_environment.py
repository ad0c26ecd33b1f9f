"""Which variables the code of an application reads is the toolkit's own data, and templates can ask for it."""

from __future__ import annotations

import pytest
from signalen_toolkit.base.versions import is_version
from signalen_toolkit.catalog.environment import reads, variables
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.diagnostics.problems import UsageError


def test_every_line_is_complete() -> None:
    for component in catalog().components.values():
        for name, variable in variables(component).items():
            assert name == variable.name
            assert all(is_version(end) for end in (variable.since, variable.until) if end), name
            assert variable.description.endswith("."), name


def test_a_variable_is_read_from_the_first_version_that_has_it() -> None:
    backend = catalog().component("backend")
    assert reads(backend, "4.23.0", "OIDC_TRUSTED_AUDIENCES")  # backend 2.50.10
    assert reads(backend, "4.19.0", "OIDC_TRUSTED_AUDIENCES")  # 2.43.0
    assert not reads(backend, "4.18.5", "OIDC_TRUSTED_AUDIENCES")  # 2.37.17


def test_a_variable_that_is_not_listed_is_a_mistake() -> None:
    with pytest.raises(UsageError, match=r"frontend/environment\.csv does not list PORT"):
        reads(catalog().component("frontend"), "4.23.0", "PORT")

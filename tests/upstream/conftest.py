"""What the tests against upstream share."""

from __future__ import annotations

import pytest

from tests.support.installed import RELEASES


# Of the whole session, so that all tests of a release come together: everything is rendered once.
@pytest.fixture(
    scope="session", params=[pytest.param(release, marks=pytest.mark.xdist_group(release)) for release in RELEASES]
)
def release(request: pytest.FixtureRequest) -> str:
    """Give each release that can be rendered."""
    return str(request.param)

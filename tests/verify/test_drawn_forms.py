"""Whatever form `check` accepts, all that is made of it fits Kubernetes, Flux and Argo CD: `verify` refuses nothing.

The forms are drawn from the form's own schema, so that a new setting is tried as soon as it is there.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from signalen_toolkit.documents.reader import parse, read
from signalen_toolkit.form.schema import compiled_form_schema
from signalen_toolkit.schema.validate import schema_problems

from tests.conftest import FORMS
from tests.support.drawn_forms import forms
from tests.support.rendered import as_text
from tests.support.verified import checked, refused

# The same forms each time, so that no change fails by a form that has nothing to do with it. `make fuzz` draws others.
FEW = settings(
    max_examples=80, derandomize=True, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@pytest.fixture(scope="module")
def stand_ins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder for stand-in charts, each made when a form first needs it."""
    return tmp_path_factory.mktemp("stand-ins")


@pytest.mark.slow
def test_what_check_accepts_verify_does_not_refuse(stand_ins: Path) -> None:
    outcomes: Counter[bool] = Counter()

    @FEW
    @given(form=forms())
    def verifies(form: dict[str, Any]) -> None:
        source = parse(as_text(form), "form.yaml")
        assert schema_problems(source, compiled_form_schema()) == []
        config, rules = checked(form)
        event(f"refused by {min(rules)}" if rules else "rendered")
        outcomes[not rules] += 1
        assert rules or refused(config, stand_ins) == []

    verifies()
    assert outcomes[True] > FEW.max_examples // 3  # else the forms that are drawn are too wild to say anything


@pytest.mark.parametrize(
    "given",
    [
        {"repository": {"url": "ssh://git@[2001:db8::1]:22/signalen.git"}},
        {"repository": {"url": "https://[2001:db8::1]:8443/signalen.git"}},
        {"charts": {"repository": f"https://harbor.example.nl{'/charts' * 20}"}},
        {"charts": {"repositories": {one: f"oci://h.nl{'/charts' * 20}/{one}" for one in ("backend", "frontend")}}},
        {"charts": {"repository": "https://harbor.example.nl/-a-/.b_~./c"}},
        {"search": {"host": "db"}, "database": {"host": "db"}, "queue": {"host": "db"}},
    ],
)
@pytest.mark.parametrize("delivery", ["flux", "argocd"])
def test_what_was_drawn_once_and_refused(given: dict[str, Any], delivery: str, stand_ins: Path) -> None:
    form = {**read(FORMS / "minimal.yaml").data, **given, "delivery": delivery}
    config, rules = checked(form)
    assert (rules, refused(config, stand_ins)) == (set(), [])

"""Sign-in: for whom a token may be, who is let in first, and both at the backend's own check."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from signalen_toolkit.base.versions import between
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.documents.data import merge
from signalen_toolkit.form.municipalities import by_code
from signalen_toolkit.validation.rules.access.dex import _GIVING

from tests.conftest import TESTS
from tests.support.rendered import Form, minimal_form, tree_of, values_in

ISSUER = "https://id.example.nl/realms/signalen"
SIGN_IN = {"issuer": ISSUER, "clientId": "site", "adminClientId": "beheer", "audiences": ["koppeling"]}
PEOPLE = ["First@Example.nl", "known@example.nl", "blocked@example.nl", "top@example.nl"]


def form(version: str = "4.23.0", delivery: str = "flux", **identity: Any) -> Form:
    municipality = by_code("GM0796")
    assert municipality
    return merge(minimal_form(municipality, delivery, version), {"identity": {**SIGN_IN, **identity}})


def environment_of(version: str = "4.23.0", **identity: Any) -> dict[str, str]:
    found: dict[str, str] = values_in(tree_of(form(version, **identity)), "acceptance")["signalen-backend"]["env"]
    return found


def jobs(of: Form) -> list[dict[str, Any]]:
    path = "clusters/acceptance/manifests/administrators.yaml"
    return [yaml.safe_load(text) for place, text in tree_of(of).items() if place == path]


def test_a_token_may_be_for_site_and_administration_and_what_the_form_adds() -> None:
    assert json.loads(environment_of()["OIDC_TRUSTED_AUDIENCES"]) == ["site", "beheer", "koppeling"]


def test_a_backend_that_does_not_ask_is_not_told() -> None:
    assert "OIDC_TRUSTED_AUDIENCES" in environment_of("4.19.0")
    assert "OIDC_TRUSTED_AUDIENCES" not in environment_of("4.18.5")


def test_the_dex_of_the_catalog_gives_the_site_a_token() -> None:
    (release,) = catalog().component("dex").releases
    assert between(release.app, *_GIVING)


# The first administrators


def test_without_administrators_there_is_no_job() -> None:
    assert jobs(form()) == []


@pytest.mark.parametrize("delivery", ["flux", "argocd"])
def test_a_job_that_would_be_another_has_another_name(delivery: str) -> None:
    """Kubernetes refuses to change a Job, so that neither Flux nor Argo CD may try."""
    changes: list[Form] = [
        {"identity": {"administrators": PEOPLE[:1]}},
        {"identity": {"clientId": "other"}},
        {"version": "4.22.0"},
        {"database": {"host": "postgres.example.nl", "name": "other"}},
        {"overrides": {"backend": {"image": {"tag": "2.50.9"}}}},
    ]
    base = form("", delivery, administrators=PEOPLE)
    (job,) = jobs(base)
    assert re.fullmatch(r"signalen-backend-administrators-[0-9a-f]{10}", job["metadata"]["name"])
    assert "ttlSecondsAfterFinished" not in job["spec"]
    others = [jobs(merge(base, change))[0] for change in changes]
    names = [one["metadata"]["name"] for one in [job, *others]]
    assert len(set(names)) == len(names)
    assert jobs(merge(base, {"branding": {"title": "Anders"}})) == [job]


def test_the_job_runs_the_backend_with_all_it_knows() -> None:
    (job,) = jobs(form(administrators=PEOPLE))
    (container,) = job["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "signalen/backend:2.50.10"
    assert container["command"][3:] == PEOPLE
    assert container["envFrom"] == [
        {"configMapRef": {"name": "signalen-backend"}},
        {"secretRef": {"name": "signalen-backend-secrets"}},
    ]
    compile(container["command"][2], "make_administrators.py", "exec")


# The backend's own check


@pytest.mark.upstream
@pytest.mark.parametrize("release", ["4.23.0", "4.21.0", "4.20.6", "4.19.0"])
def test_the_backend_lets_in_whom_it_should(release: str, tmp_path: Path) -> None:
    base = {"iss": ISSUER, "aud": "site", "email": "known@example.nl"}
    tokens: dict[str, dict[str, Any]] = {
        "right": base,
        "one of several audiences": {**base, "aud": ["account", "site"]},
        "the administration pages": {**base, "aud": "beheer"},
        "an audience that the form adds": {**base, "aud": "koppeling"},
        "first administrator": {**base, "email": "FIRST@example.nl"},
        "another audience": {**base, "aud": "00000003-0000-0000-c000-000000000000"},
        "no audience": {key: value for key, value in base.items() if key != "aud"},
        "another issuer": {**base, "iss": ISSUER + "/"},
        "expired": {**base, "exp": -60},
        "no e-mail": {key: value for key, value in base.items() if key != "email"},
        "nobody we know": {**base, "email": "stranger@example.nl"},
        "blocked": {**base, "email": "blocked@example.nl"},
        "signed by another": {**base, "strange": True},
    }
    (job,) = jobs(form(release, administrators=PEOPLE))
    command = job["spec"]["template"]["spec"]["containers"][0]["command"]
    asked = {"environment": environment_of(release), "administrators": [command], "tokens": tokens}
    if release == "4.19.0":
        del tokens["blocked"]  # a fault of that backend: it lets in whoever was blocked
    found = signed_in(catalog().component("backend").app_version(release), tmp_path, asked)
    let_in = {name: user for name, (status, user) in found["answers"].items() if status == 200}
    assert let_in == {
        "right": "Known@Example.nl",
        "one of several audiences": "Known@Example.nl",
        "the administration pages": "Known@Example.nl",
        "an audience that the form adds": "Known@Example.nl",
        "first administrator": "First@Example.nl",
    }
    refused = {name: status for name, (status, _) in found["answers"].items() if status != 200}
    assert set(refused.values()) == {401, 403}
    # superuser, may see the administration pages, not blocked
    assert found["users"] == {
        "First@Example.nl": [True, True, True],
        "Known@Example.nl": [True, True, True],
        "blocked@example.nl": [True, True, False],
        "top@example.nl": [True, True, True],
    }


def signed_in(version: str, folder: Path, asked: dict[str, Any]) -> dict[str, Any]:
    """Ask the backend of a version, in a Python that has its libraries."""
    if not (sources := os.environ.get("SIGNALEN_SOURCES")):
        pytest.skip("SIGNALEN_SOURCES names no folder with a clone of the backend in backend/")
    python = os.environ.get("SIGNALEN_BACKEND_PYTHON", sys.executable)
    needed = ["django", "rest_framework", "mozilla_django_oidc", "amsterdam_django_oidc"]
    asks = f"import sys; from importlib.util import find_spec; sys.exit(not all(map(find_spec, {needed})))"
    asks = f"from typing import override; {asks}"  # from Python 3.12 on, which the backend needs
    if subprocess.run([python, "-c", asks], check=False, capture_output=True).returncode:
        pytest.skip(
            "SIGNALEN_BACKEND_PYTHON names no Python 3.12 or newer with the backend's libraries; in a virtual"
            " environment: pip install 'Django<5' djangorestframework amsterdam-django-oidc"
        )
    for path in ("auth/backend.py", "admin/oidc/backends.py"):
        place = folder / "signals" / path
        place.parent.mkdir(parents=True)
        show = ["git", "-C", f"{sources}/backend", "show", f"{version}:app/signals/{path}"]
        place.write_bytes(subprocess.run(show, capture_output=True, check=True).stdout)
    run = [python, str(TESTS / "support" / "sign_in.py"), str(folder)]
    done = subprocess.run(run, input=json.dumps(asked), capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found

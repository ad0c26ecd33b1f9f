"""What Flux and Argo CD get to see: the folders of the rendered trees, as kustomize builds them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml as pyyaml
from signalen_toolkit.documents.reader import read

from tests.conftest import example_forms, program
from tests.support.rendered import Form, object_problems, tree_of

FORMS = {path.stem: path for path in example_forms()}
# The folders of an environment that are applied as a whole, by delivery.
FOLDERS = {"flux": ("", "flux-system"), "argocd": ("", "applications", "argocd")}


@pytest.fixture(scope="module")
def kustomize() -> list[str]:
    alone = shutil.which("kustomize")
    if alone:
        return [alone, "build"]
    return [program("kubectl", "kustomize, or kubectl (Debian: kubernetes-client)"), "kustomize"]


def form(name: str) -> Form:
    data = read(FORMS[name]).data
    assert isinstance(data, dict)
    return data


def written(data: Form, folder: Path) -> Path:
    for path, text in tree_of(data).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(text.encode())
    return folder


def build(kustomize: list[str], folder: Path) -> list[dict[str, Any]]:
    done = subprocess.run([*kustomize, str(folder)], capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    return list(pyyaml.load_all(done.stdout, Loader=pyyaml.CSafeLoader))


def of_kind(objects: list[dict[str, Any]], kind: str) -> dict[str, dict[str, Any]]:
    return {obj["metadata"]["name"]: obj for obj in objects if obj["kind"] == kind}


@pytest.mark.parametrize("name", FORMS)
def test_every_folder_builds(name: str, kustomize: list[str], tmp_path: Path) -> None:
    data = form(name)
    written(data, tmp_path)
    for environment in data["environments"]:
        for folder in FOLDERS[data.get("delivery", "flux")]:
            objects = build(kustomize, tmp_path / "clusters" / environment / folder)
            assert objects
            assert [problem for obj in objects for problem in object_problems(obj)] == []


@pytest.mark.parametrize("name", [name for name in FORMS if form(name).get("delivery", "flux") == "flux"])
def test_a_release_reads_the_config_map_with_its_values(name: str, kustomize: list[str], tmp_path: Path) -> None:
    data = form(name)
    written(data, tmp_path)
    for environment in data["environments"]:
        folder = tmp_path / "clusters" / environment
        objects = build(kustomize, folder)
        maps, releases = of_kind(objects, "ConfigMap"), of_kind(objects, "HelmRelease")
        assert releases
        for release, obj in releases.items():
            (source,) = obj["spec"]["valuesFrom"]
            # With the hash of the content behind it, so that another content is another name.
            assert source["name"].startswith(f"{release}-values-")
            found = maps[source["name"]]
            assert found["metadata"]["namespace"] == obj["metadata"]["namespace"]
            assert found["data"] == {source["valuesKey"]: (folder / "values" / f"{release}.yaml").read_text("utf-8")}


def test_a_change_of_values_rolls_the_release_that_has_them(kustomize: list[str], tmp_path: Path) -> None:
    before, after = form("minimal"), form("minimal")
    after["texts"] = {"district": "Buurt"}
    names = []
    for number, data in enumerate((before, after)):
        folder = written(data, tmp_path / str(number)) / "clusters" / "acceptance"
        releases = of_kind(build(kustomize, folder), "HelmRelease")
        names.append({name: obj["spec"]["valuesFrom"][0]["name"] for name, obj in releases.items()})
    changed = {name for name in names[0] if names[0][name] != names[1][name]}
    assert changed == {"signalen-frontend"}


@pytest.mark.parametrize("name", FORMS)
def test_no_object_is_in_two_folders(name: str, kustomize: list[str], tmp_path: Path) -> None:
    """Two owners of one object would take it from each other."""
    data = form(name)
    written(data, tmp_path)
    for environment in data["environments"]:
        seen: dict[tuple[str, ...], dict[str, Any]] = {}
        for folder in FOLDERS[data.get("delivery", "flux")]:
            for obj in build(kustomize, tmp_path / "clusters" / environment / folder):
                about = obj["metadata"]
                key = (obj["apiVersion"], obj["kind"], about.get("namespace", ""), about["name"])
                # Applied by hand once, and by Flux itself from then on: the same.
                assert key not in seen or (folder == "flux-system" and seen[key] == obj)
                seen[key] = obj


@pytest.mark.parametrize("delivery", ["flux", "argocd"])
@pytest.mark.parametrize("vault", ["azure", "vault", ""])
def test_external_secrets_make_each_secret_that_is_needed(
    delivery: str, vault: str, kustomize: list[str], tmp_path: Path
) -> None:
    stores = {
        "azure": {"vaultUrl": "https://x.vault.azure.net", "tenantId": "0" * 36, "serviceAccount": "x"},
        "vault": {"server": "https://vault.example.nl", "role": "x", "serviceAccount": "x"},
    }
    external = {vault: stores[vault]} if vault else {"storeKind": "ClusterSecretStore"}
    data = {**form("minimal"), "delivery": delivery}
    data["secrets"] = {"provider": "external-secrets", "externalSecrets": external}
    objects = build(kustomize, written(data, tmp_path) / "clusters" / "acceptance")
    assert [problem for obj in objects for problem in object_problems(obj)] == []
    assert len(of_kind(objects, "SecretStore")) == bool(vault)
    secrets = of_kind(objects, "ExternalSecret")
    assert set(secrets) == {f"signalen-backend{part}-secrets" for part in ("", "-rabbitmq", "-postgresql")}
    keys = {
        f"{name}/{one['secretKey']}": one["remoteRef"] for name, obj in secrets.items() for one in obj["spec"]["data"]
    }
    # Two keys that hold one value have one place in the vault; what has no use here is not asked for.
    password = keys["signalen-backend-secrets/RABBITMQ_PASSWORD"]
    assert keys["signalen-backend-rabbitmq-secrets/rabbitmq-password"] == password
    assert "signalen-backend-secrets/SIGMAX_AUTH_TOKEN" not in keys
    template = secrets["signalen-backend-secrets"]["spec"]["target"]["template"]
    assert template == {"mergePolicy": "Merge", "data": {"EMAIL_HOST_PASSWORD": ""}}
    assert "signalen-backend-secrets/EMAIL_HOST_PASSWORD" not in keys
    expected = {
        "azure": {"key": "signalen-acceptance-signalen-backend-secrets-RABBITMQ-PASSWORD"},
        "vault": {"key": "signalen-acceptance/signalen-backend-secrets", "property": "RABBITMQ_PASSWORD"},
    }
    assert password == expected[vault or "vault"]


@pytest.mark.parametrize("provider", ["sops", "external-secrets", "existing"])
def test_flux_decrypts_the_secrets_beside_the_releases(provider: str, kustomize: list[str], tmp_path: Path) -> None:
    data = {**form("minimal"), "secrets": {"provider": provider}}
    objects = build(kustomize, written(data, tmp_path) / "clusters" / "acceptance" / "flux-system")
    assert [problem for obj in objects for problem in object_problems(obj)] == []
    found = of_kind(objects, "Kustomization")
    assert set(found) == {"signalen-acceptance", *(["signalen-acceptance-secrets"] if provider == "sops" else [])}
    if provider == "sops":
        spec = found["signalen-acceptance-secrets"]["spec"]
        assert spec["path"] == "./secrets/acceptance"
        assert spec["decryption"] == {"provider": "sops", "secretRef": {"name": "signalen-acceptance-sops-age"}}


@pytest.mark.parametrize("plugin", ["sops", ""])
def test_a_plugin_of_argo_cd_decrypts_the_secrets(plugin: str, kustomize: list[str], tmp_path: Path) -> None:
    data = {**form("minimal"), "delivery": "argocd", "secrets": {"sops": {"plugin": plugin} if plugin else {}}}
    objects = build(kustomize, written(data, tmp_path) / "clusters" / "acceptance" / "applications")
    assert [problem for obj in objects for problem in object_problems(obj)] == []
    found = of_kind(objects, "Application").get("signalen-acceptance-secrets")
    assert (found is not None) == bool(plugin)
    if found:
        source = found["spec"]["source"]
        assert (source["path"], source["plugin"]) == ("secrets/acceptance", {"name": "sops"})

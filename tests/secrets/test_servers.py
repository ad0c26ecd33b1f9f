"""A server that holds keys learns who we are only where the person named it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.secrets.servers import require_known
from signalen_toolkit.secrets.sops import Sops, find

from tests.conftest import program

ENCRYPTED = """\
apiVersion: v1
kind: Secret
stringData:
    KEY: ENC[AES256_GCM,data:yvw4,iv:OiWJE9zugEzc8yTUZ1lWQO/Qpvl+8WXLCDYg0DLllJw=,tag:3h+mGpkLYfZPjRGKGHKnDA==,type:str]
sops:
    hc_vault:
        - vault_address: {address}
          engine_path: sops
          key_name: key
          created_at: "2026-01-01T00:00:00Z"
          enc: vault:v1:xxxx
    lastmodified: "2026-11-28T15:54:28Z"
    mac: ENC[AES256_GCM,data:vwu5,iv:a3njCb4bbaVzfLmGXr8ao/H0P7G1AF/05A0yO+SKCp0=,tag:6MNd4W7/t8yqkLsaBovYpA==,type:str]
    version: 3.11.0
"""


@pytest.fixture
def vault() -> Iterator[tuple[str, list[str]]]:
    """Give a server on this computer, and the tokens that it gets."""
    tokens: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            tokens.append(self.headers.get("X-Vault-Token", ""))
            self.send_response(403)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Be quiet."""

    httpd = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{httpd.server_port}", tokens
    httpd.shutdown()
    httpd.server_close()


@pytest.fixture
def sops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sops:
    monkeypatch.setenv("VAULT_TOKEN", "s3cret")
    monkeypatch.delenv("VAULT_ADDR", raising=False)
    try:
        found = find()
    except UsageError:
        found = Path(program("sops", "the extra `secrets`"))
    return Sops(tmp_path, tmp_path / "none", found)


def test_the_token_goes_to_no_server_that_a_file_names(
    sops: Sops, tmp_path: Path, vault: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, tokens = vault
    file = tmp_path / "secret.yaml"
    file.write_text(ENCRYPTED.format(address=address))
    monkeypatch.setenv("VAULT_ADDR", "https://vault.example.nl")
    for work in (
        lambda: sops.decrypt(file),
        lambda: sops.set(file, ["stringData", "KEY"], "x"),
        lambda: sops.reencrypt(file, ["age1" + "q" * 58], []),
        lambda: sops.edit(file, tmp_path),
    ):
        with pytest.raises(UsageError, match=f"has its key in {address}, and only a server that VAULT_ADDR names"):
            work()
    assert tokens == []
    monkeypatch.setenv("VAULT_ADDR", address)
    with pytest.raises(UsageError):
        sops.decrypt(file)
    assert tokens == ["s3cret"]  # that this is how it would go


def test_nor_to_one_that_the_configuration_names(sops: Sops, tmp_path: Path, vault: tuple[str, list[str]]) -> None:
    rule = {"path_regex": "x", "hc_vault_transit_uri": f"{vault[0]}/v1/transit/keys/x"}
    (tmp_path / ".sops.yaml").write_text(json.dumps({"creation_rules": [rule]}))
    with pytest.raises(UsageError, match=r"\.sops\.yaml has its key in http://127"):
        sops.encrypt("a: b\n", "x.yaml")
    assert vault[1] == []


def test_a_file_that_cannot_be_looked_at_is_not_given_to_sops(sops: Sops, tmp_path: Path) -> None:
    file = tmp_path / "secret.yaml"
    file.write_text("sops: {}\n---\n" + ENCRYPTED.format(address="http://127.0.0.1:1"))
    with pytest.raises(UsageError, match=r"secret\.yaml cannot be read as YAML"):
        sops.decrypt(file)


@pytest.mark.parametrize(
    ("address", "known"),
    [
        ("https://vault.example.nl/v1/sops/keys/x", True),
        ("https://vault.example.nl:8200/v1/sops/keys/x", False),
        ("http://vault.example.nl/v1/sops/keys/x", False),
        ("https://vault.example.nl.evil.example/", False),
        ("https://vault.example.nl@evil.example/", False),
        ("https://evil.example/vault.example.nl", False),
        ("//evil.example/", False),
        ("https://[x", False),
        ("https://ours.vault.azure.net/keys/x", True),
        ("https://ours.vault.azure.net:1/keys/x", False),
        ("http://ours.vault.azure.net/keys/x", False),
        ("https://ours.vault.azure.net.evil.example/keys/x", False),
        ("arn:aws:kms:eu-west-1:1:key/x", True),
        ("projects/x/locations/y/keyRings/z/cryptoKeys/w", True),
        ("age1qqqq", True),
    ],
)
def test_which_servers_are_known(address: str, known: bool) -> None:
    place = "vault_address" if address.startswith("//") else "other"
    data = {"key_groups": [{"any": [{place: address}]}], "enc": "a//b"}
    if known:
        require_known(data, "x", {"VAULT_ADDR": "https://vault.example.nl"})
    else:
        with pytest.raises(UsageError, match="VAULT_ADDR"):
            require_known(data, "x", {"VAULT_ADDR": "https://vault.example.nl"})


def test_an_encrypted_value_is_no_address() -> None:
    """Its letters may be any, also those of an address."""
    require_known({"stringData": {"A": "ENC[AES256_GCM,data:gbAS,iv://vJ1,tag:x==,type:str]"}}, "x.yaml", {})

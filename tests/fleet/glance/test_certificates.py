"""Certificates in the files of a municipality, read as OpenSSL reads them."""

from __future__ import annotations

import base64
import json
import ssl
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from signalen_toolkit.base.layout import FORM_FILE
from signalen_toolkit.fleet.glance.certificates import in_files, in_text, not_after

from tests.conftest import program
from tests.support.certificates import end, make
from tests.support.fleets import OWN, fleet


@pytest.mark.parametrize("days", [1, 365, 30_000])  # the last is past 2049, from where a year has four digits
def test_the_end_is_what_openssl_says(tmp_path: Path, days: int) -> None:
    certificate, _ = make(tmp_path, days=days)
    assert not_after(ssl.PEM_cert_to_DER_cert(certificate.read_text())) == end(certificate)


def test_a_certificate_of_version_1_has_an_end_too(tmp_path: Path) -> None:
    openssl = program("openssl", "openssl")
    key, request, certificate = tmp_path / "key", tmp_path / "request", tmp_path / "certificate"
    subject: list[str | Path] = ["-newkey", "rsa:2048", "-nodes", "-subj", "/CN=old"]
    subprocess.run([openssl, "req", "-new", *subject, "-keyout", key, "-out", request], check=True, capture_output=True)
    sign: list[str | Path] = ["-req", "-in", request, "-signkey", key, "-days", "3", "-out", certificate]
    subprocess.run([openssl, "x509", *sign], check=True, capture_output=True)
    ((line, until),) = in_text(certificate.read_bytes())
    assert (line, until) == (1, end(certificate))


def test_they_are_found_however_they_are_written(tmp_path: Path) -> None:
    certificate, key = make(tmp_path)
    pem, until = certificate.read_text(), end(certificate)
    indented = "ca: |\n" + "".join(f"    {line}\n" for line in pem.splitlines())
    quoted = f"a: 1\nca: {json.dumps(pem)}\n"
    encoded = f"a: 1\nb: 2\ncaData: {base64.b64encode(pem.encode()).decode()}\n"
    assert [*in_text(indented.encode())] == [(2, until)]
    assert [*in_text(quoted.encode())] == [(2, until)]
    assert [*in_text(encoded.encode())] == [(3, until)]
    assert [*in_text((pem + pem).encode())] == [(1, until), (len(pem.splitlines()) + 1, until)]
    assert [*in_text(key.read_bytes())] == []
    assert [*in_text(pem.replace("A", "B").encode())] != [(1, until)]


def test_those_of_a_municipality_are_in_its_form_its_layers_and_its_own_objects(tmp_path: Path) -> None:
    certificate, _ = make(tmp_path)
    pem, until = certificate.read_text(), end(certificate)
    root = fleet(tmp_path / "fleet", {"s-hertogenbosch": OWN, "tilburg": OWN})
    folder = root / "municipalities/s-hertogenbosch"
    written = json.dumps(pem)
    form = f"{OWN}overrides: {{dex: {{x: {written}}}}}\n"
    (folder / FORM_FILE).write_text(form)
    (root / "groups/brabant.yaml").write_text(f"overrides: {{dex: {{y: {written}}}}}\n")
    (folder / "manifests/acceptance").mkdir(parents=True)
    (folder / "manifests/acceptance/ca.yaml").write_text(f"data: {{ca.crt: {written}}}\n")
    (folder / "assets/ca.pem").symlink_to(certificate)  # into links nobody goes
    found = {one.where: one.expires for one in in_files(folder)}
    line = form.count("\n")
    places = (f"{FORM_FILE}:{line}", "groups/brabant.yaml:1", "manifests/acceptance/ca.yaml:1")
    assert found == dict.fromkeys(places, until)
    assert [one.where for one in in_files(root / "municipalities/tilburg")] == ["groups/brabant.yaml:1"]


@given(st.binary(max_size=300))
def test_what_is_no_certificate_has_no_end(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        not_after(data)
    written = b"-----BEGIN CERTIFICATE-----\n" + base64.b64encode(data) + b"\n-----END CERTIFICATE-----"
    assert [*in_text(written)] == []


def test_a_mib_of_beginnings_takes_no_time() -> None:
    begin = b"-----BEGIN CERTIFICATE-----" + b"A" * 200
    assert [*in_text(begin * (2**20 // len(begin)))] == []
    assert [*in_text(b"LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t" * 30_000)] == []

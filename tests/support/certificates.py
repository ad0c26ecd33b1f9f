"""Certificates of OpenSSL, and when they end as it says itself."""

from __future__ import annotations

import subprocess
from datetime import datetime
from pathlib import Path

from tests.conftest import program


def make(folder: Path, host: str = "localhost", days: int = 20) -> tuple[Path, Path]:
    """Make a certificate that signs itself, and return it with its key: two files in a folder."""
    certificate, key = folder / f"{host}.crt", folder / f"{host}.key"
    command = [program("openssl", "openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt"]
    command += ["ec_paramgen_curve:prime256v1", "-nodes", "-days", str(days), "-subj", f"/CN={host}"]
    command += ["-addext", f"subjectAltName=DNS:{host}", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    return certificate, key


def end(certificate: Path) -> int:
    """Return until when a certificate holds, in seconds since 1970."""
    command = [program("openssl", "openssl"), "x509", "-in", str(certificate), "-noout", "-enddate"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    written = said.strip().removeprefix("notAfter=").replace("GMT", "+0000")
    return int(datetime.strptime(written, "%b %d %H:%M:%S %Y %z").timestamp())

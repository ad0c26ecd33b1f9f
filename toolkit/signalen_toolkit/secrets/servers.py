"""Servers that hold keys: SOPS tells them who we are (`VAULT_TOKEN`), so it is kept from those that nobody named.

Which server opens a file stands in that file, and for new ones in `.sops.yaml`: both are the repository's word.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.diagnostics.source import brief

ADDRESS: Final = "VAULT_ADDR"
_ENCRYPTED: Final = "ENC[AES256_GCM,"
_PLACES: Final = ("vault_address", "vault_url", "vaultUrl")
# Vaults of Azure: whoever has one there cannot read what is meant for another.
_AZURE: Final = (".vault.azure.net", ".vault.azure.cn", ".vault.usgovcloudapi.net", ".managedhsm.azure.net")


def require_known(data: Any, about: str, variables: Mapping[str, str]) -> None:
    """Raise UsageError where an address in some data leads to a server that the person did not name in VAULT_ADDR."""
    for text in _addresses(data):
        if not _is_known(text.strip(), variables.get(ADDRESS, "")):
            raise UsageError(
                f"{about} has its key in {brief(_printable(text), 200)}, and only a server that {ADDRESS} names is told"
                " who you are: set it, if that is yours"
            )


def _is_known(address: str, named: str) -> bool:
    try:
        parts, own = urlsplit(address), urlsplit(named)
        host, port = parts.hostname or "", parts.port
        if "@" in parts.netloc or not host:
            return False
        if (parts.scheme, host, port) == (own.scheme, own.hostname, own.port):
            return True
    except ValueError:
        return False
    return parts.scheme == "https" and port in (None, 443) and host.endswith(_AZURE)


def _addresses(data: Any, *, is_one: bool = False) -> Iterator[str]:
    """Yield what stands where SOPS looks for an address, and every other text that looks like one."""
    if isinstance(data, str):
        if is_one or ("://" in data and not data.startswith(_ENCRYPTED)):  # of which any letters may follow
            yield data
    elif isinstance(data, Mapping):
        for key, value in data.items():
            yield from _addresses(value, is_one=key in _PLACES)
    elif isinstance(data, list):
        for value in data:
            yield from _addresses(value)


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)

"""Where the keys of Secrets stand in a vault that the External Secrets operator reads."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from signalen_toolkit.form.needed_secrets import NeededSecret


def references(secrets: Iterable[NeededSecret], settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what a template needs to know of each Secret: name, where the vault has its values, and empty keys.

    `settings` is the form's section `secrets.externalSecrets`. Keys that hold one value have one place. What is empty
    is not looked for: not every vault can hold it.
    """
    return [
        {
            "name": secret.name,
            "namespace": secret.namespace,
            "data": [
                {"name": needed.key.name, "remote": _place(needed.key.same_as or needed.path, settings)}
                for needed in secret.keys
                if not needed.empty
            ],
            "empty": {needed.key.name: "" for needed in secret.keys if needed.empty},
        }
        for secret in secrets
        if secret.keys and not secret.by_hand
    ]


def _place(path: str, settings: Mapping[str, Any]) -> dict[str, str]:
    secret, _, key = path.partition("/")
    if settings["layout"] == "secret-per-object":
        return {"key": f"{settings['prefix']}/{secret}", "property": key}
    # Azure Key Vault takes letters, digits and '-' in a name, and nothing else.
    return {"key": f"{settings['prefix']}-{secret}-{re.sub('[^A-Za-z0-9-]', '-', key)}"}

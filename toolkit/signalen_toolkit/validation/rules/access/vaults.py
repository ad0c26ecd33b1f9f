"""Vaults: what the External Secrets operator needs to find the values of Secrets."""

from __future__ import annotations

import re
from collections.abc import Iterator

from signalen_toolkit.diagnostics.problems import Problem
from signalen_toolkit.form.model import Form
from signalen_toolkit.validation.rules import rule

# What identifies the vault for which a store is made.
_VAULTS = (("azure", "vaultUrl"), ("vault", "server"))


@rule("secret-store", "the Secrets would not be made, and nothing starts without them")
def secret_store(form: Form) -> Iterator[Problem]:
    """Reports a store for the whole cluster that would have to be made here, and names that Azure refuses.

    The store that is made for `azure` or `vault` is one of the namespace; a ClusterSecretStore is made by the
    administrators of the cluster. Azure Key Vault takes letters, digits and '-' in the name of a secret.
    """
    section = ("secrets", "externalSecrets")
    for environment in form.config.environments:
        settings = environment.settings["secrets"]
        external = settings["externalSecrets"]
        if settings["provider"] != "external-secrets":
            continue
        for vault, address in _VAULTS:
            if external["storeKind"] == "ClusterSecretStore" and address in external[vault]:
                yield form.problem(
                    "secret-store",
                    f"the store for '{vault}' is one of the namespace, not of the cluster",
                    environment,
                    *section,
                    "storeKind",
                    hint=f"write SecretStore, or leave out '{vault}'",
                )
        azure = "vaultUrl" in external["azure"] or external["layout"] == "secret-per-key"
        if azure and re.search("[^A-Za-z0-9-]", external["prefix"]):
            yield form.problem(
                "secret-store",
                f"'{external['prefix']}' cannot begin a name in Azure Key Vault: letters, digits and '-' can",
                environment,
                *section,
                "prefix",
                hint="leave it out, and it is signalen- and the name of the environment",
            )
        if "vaultUrl" in external["azure"] and external["layout"] != "secret-per-key":
            yield form.problem(
                "secret-store",
                "a secret of Azure Key Vault holds one value",
                environment,
                *section,
                "layout",
                hint="write secret-per-key, or leave it out",
            )

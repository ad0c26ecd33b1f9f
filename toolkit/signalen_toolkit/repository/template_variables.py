"""What the template of a configuration repository is told: the variables of cookiecutter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from signalen_toolkit import REPOSITORY, __version__
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.catalog.model import Secret
from signalen_toolkit.diagnostics.markdown import code, prose
from signalen_toolkit.first_day.chapter import markdown
from signalen_toolkit.first_day.registrations import is_own_dex, registrations
from signalen_toolkit.first_day.steps import steps
from signalen_toolkit.form.config import Config, Environment
from signalen_toolkit.form.text import form_text
from signalen_toolkit.installing import source as installing


def variables(form: Mapping[str, Any], config: Config) -> dict[str, Any]:
    """Return the template's variables; values go in as they are, since cookiecutter evaluates none of these."""
    first = config.environments[0].settings
    owners = [owner for environment in config.environments for owner in environment.settings["repository"]["owners"]]
    return {
        "repository_name": "repository",
        "_form": form_text(form, config),
        "_name": prose(first["municipality"]["name"]),
        "_environments": [
            {
                "name": environment.name,
                "domain": prose(environment.domain),
                "namespace": environment.namespace,
                "tool": prose(environment.delivery.title),
                "decryption": environment.delivery.decryption.value,
                "bootstrap": environment.delivery.bootstrap,
                "watch": _watch(environment),
                "provider": environment.settings["secrets"]["provider"],
                "plugin": "plugin" in environment.settings["secrets"]["sops"],
                "key_secret": environment.settings["secrets"]["sops"].get("keySecret", ""),
                "production": environment.production,
                "first_day": markdown(steps(environment, config, catalog())),
                "secret": environment.settings["repository"].get("secret", ""),
                "tool_namespace": environment.settings["sync"]["namespace"],
            }
            for environment in config.environments
        ],
        "_providers": sorted({one.settings["secrets"]["provider"] for one in config.environments}),
        "_promotion": _promotion(config),
        "_secrets": _secrets(config),
        "_sign_in": [_sign_in(environment) for environment in config.environments],
        "_watched": _watched(config),
        "_copied": any(
            copies["enabled"] is True
            for environment in config.environments
            for copies in environment.settings["backup"].values()
        ),
        "_owners": list(dict.fromkeys(owners)),
        **_pipeline(config),
    }


def _sign_in(environment: Environment) -> dict[str, Any]:
    """Return what has to be registered at the identity provider of an environment, and what its tokens must be."""
    identity = environment.settings["identity"]
    return {
        "name": environment.name,
        "provider": "own-dex" if is_own_dex(environment) else identity["provider"],
        "issuer": prose(str(identity["issuer"])),
        "flow": identity["responseType"],
        "scope": code(str(identity["scope"])),
        "applications": [
            {"title": prose(one.title), "id": code(one.client_id), "redirect": code(one.redirect)}
            for one in registrations(environment)
        ],
        "administrators": [code(address) for address in identity["administrators"]],
    }


def _promotion(config: Config) -> list[str]:
    """Return from which environment to which other one an accepted release goes; nothing where there are no two."""
    trials = [one.name for one in config.environments if not one.production]
    live = [one.name for one in config.environments if one.production]
    return [trials[-1], live[0]] if trials and live else []


def _watch(environment: Environment) -> str:
    """Return the command that shows whether all releases run."""
    tool_namespace = environment.settings["sync"]["namespace"]
    places = {"{namespace}": environment.namespace, "{toolNamespace}": tool_namespace}
    command = environment.delivery.watch
    for name, value in places.items():
        command = command.replace(name, value)
    return command


def _pipeline(config: Config) -> dict[str, Any]:
    """Return what pipelines, pre-commit and Renovate are told; cookiecutter.json has it for the simplest form."""
    trials = [f"signalen-{environment.name}" for environment in config.environments if not environment.production]
    branches = [environment.settings["repository"]["branch"] for environment in config.environments]
    source = installing.source_of(config.environments[0].settings)
    return {
        "_version": __version__,
        "_source": REPOSITORY,
        "_toolkit": source.kind.value,
        "_image": source.image,
        "_commit": source.commit,
        "_hooks": source.hook_repository,
        "_install": installing.commands(source),
        "_install_comment": installing.own_commands(source),
        "_branches": list(dict.fromkeys(branches)),
        "_charts": catalog().component("backend").repository,
        "_trials": trials or ["signalen-acceptance"],
    }


def _secrets(config: Config) -> list[dict[str, str]]:
    """List every key of every Secret that a component, or the delivery, of some environment may need."""
    owners: dict[str, Secret] = {}
    for environment in config.environments:
        owners |= {
            f"{component.title_nl}/{secret.name}": secret
            for component in environment.components
            for secret in component.secrets
        }
    for environment in config.environments:
        owners |= {f"{environment.delivery.title}/{secret.name}": secret for secret in environment.delivery_secrets}
    paths = {f"{secret.name}/{key.name}" for secret in owners.values() for key in secret.keys}
    return [
        {
            "title": owner.partition("/")[0],
            "secret": secret.name,
            "key": key.name,
            "when": key.when or secret.when,
            "same_as": key.same_as if key.same_as in paths else "",
            "generated": "ja" if key.generate else "",
        }
        for owner, secret in owners.items()
        for key in secret.keys
    ]


def _watched(config: Config) -> list[dict[str, str]]:
    """List where people see how each environment does, of those that have dashboards."""
    shared = "in de Grafana van het cluster"
    found = {
        environment.name: f"https://{prose(environment.hosts['grafana'])}"
        if "grafana" in environment.enabled
        else shared * (environment.settings["cluster"]["stacks"]["dashboards"] is True)
        for environment in config.environments
    }
    return [{"name": name, "dashboards": place} for name, place in found.items() if place]

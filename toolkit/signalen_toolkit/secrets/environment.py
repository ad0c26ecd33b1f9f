"""What every command for secrets begins with: the environment that is meant, and what it needs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from signalen_toolkit.catalog.model import Catalog
from signalen_toolkit.diagnostics.problems import ProblemsError, UsageError, did_you_mean, has_errors
from signalen_toolkit.form.config import Config, Environment
from signalen_toolkit.form.needed_secrets import NeededKey, NeededSecret
from signalen_toolkit.secrets import age_keys
from signalen_toolkit.secrets.sops import Sops
from signalen_toolkit.secrets.values import ValueSources


def needs_of(config: Config, environment: Environment, charts: Catalog) -> list[NeededSecret]:
    """Return the Secrets that an environment needs of us, for the values that are rendered for it."""
    from signalen_toolkit.rendering.render import needed_secrets

    return [secret for secret in needed_secrets(environment, config, charts) if secret.keys and not secret.by_hand]


def read_config(directory: Path, charts: Catalog) -> Config:
    """Return the completed form of a repository. Raises ProblemsError where it has errors."""
    from signalen_toolkit.base.layout import FORM_FILE
    from signalen_toolkit.validation.check import check_file

    config, problems = check_file(directory / FORM_FILE, charts)
    if has_errors(problems):
        raise ProblemsError(problems)
    return config


def choose(config: Config, name: str) -> Environment:
    """Return an environment that keeps its Secrets with SOPS, by its name."""
    names = [environment.name for environment in config.environments]
    if name not in names:
        hint = did_you_mean(name, names) or f"there are {', '.join(names)}"
        raise UsageError(f"there is no environment '{name}'; {hint}")
    environment = config.environments[names.index(name)]
    provider = environment.settings["secrets"]["provider"]
    if provider != "sops":
        raise UsageError(f"the secrets of {name} are not in this repository: 'secrets.provider' is {provider}")
    return environment


def one_key(needs: Sequence[NeededSecret], name: str) -> NeededKey:
    """Return the key that a person names. Raises UsageError where it is none, or follows another one."""
    ValueSources(variables={name: ""}).check(needs)
    return next(key for secret in needs for key in secret.keys if name in (key.path, key.key.name))


def sops_of(directory: Path, environment: Environment, program: Path) -> Sops:
    """Return SOPS for one environment, with its private key where that is on this computer."""
    return Sops(directory, age_keys.key_file(directory, environment), program)


def with_sops(config: Config) -> list[Environment]:
    """Return the environments that keep their Secrets with SOPS. Raises UsageError where there are none."""
    found = [one for one in config.environments if one.settings["secrets"]["provider"] == "sops"]
    if not found:
        raise UsageError("no environment keeps its secrets in this repository: 'secrets.provider' is sops nowhere")
    return found

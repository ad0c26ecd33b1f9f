"""`signalen secrets`: what must be in the cluster and never in plain text in Git."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from signalen_toolkit.cli.shared import in_repository, print_problems, tell
from signalen_toolkit.diagnostics.problems import UsageError, has_errors

_FORMATS = ("text", "json", "github", "gitlab", "sarif")


def _options(command: Callable[..., Any]) -> Callable[..., Any]:
    command = click.option("--sops", "program", metavar="PROGRAM", help="The sops program.")(command)
    return in_repository(command)


@click.group()
def secrets() -> None:
    """Make, change and check the secrets of each environment (SOPS with age)."""


@secrets.command()
@click.argument("environments", nargs=-1)
@click.option("--from-file", multiple=True, metavar="KEY=PATH", help="Read the value of a key from a file.")
@click.option("--from-env", multiple=True, metavar="KEY=VARIABLE", help="Read the value of a key from a variable.")
@click.option("--no-input", is_flag=True, help="Ask nothing: all that is missing is one message.")
@_options
def init(
    environments: tuple[str, ...],
    from_file: tuple[str, ...],
    from_env: tuple[str, ...],
    no_input: bool,
    program: str | None,
    directory: Path,
) -> None:
    """Make age keys, .sops.yaml and the encrypted Secrets of ENVIRONMENTS, by default of all.

    What can be random is; the rest is asked, or read from files and variables. A private key never stands in the
    repository: where it is, is printed.
    """
    from signalen_toolkit.catalog.load import catalog
    from signalen_toolkit.secrets import make as making
    from signalen_toolkit.secrets.values import ValueSources, pairs

    sources = ValueSources(
        files={key: Path(path) for key, path in pairs(from_file, "--from-file").items()},
        variables=pairs(from_env, "--from-env"),
        ask=not no_input,
    )
    for made in making.init(directory, catalog(), environments, sources=sources, program=program):
        tell(making.summary(made))


@secrets.command("set")
@click.argument("environment")
@click.argument("key")
@click.option("--from-file", type=click.Path(path_type=Path, allow_dash=True), help="Read the value; - is stdin.")
@_options
def set_(environment: str, key: str, from_file: Path | None, program: str | None, directory: Path) -> None:
    """Change the value of KEY (SECRET/KEY, or KEY alone) in ENVIRONMENT: asked for, or read."""
    from signalen_toolkit.catalog.load import catalog
    from signalen_toolkit.secrets import make as making
    from signalen_toolkit.secrets.values import obtain

    changed = making.set_value(directory, catalog(), environment, key, obtain(key, from_file), program=program)
    _say("changed", changed.keys, changed.orders)


@secrets.command()
@click.argument("environment")
@click.argument("keys", nargs=-1)
@click.option("--add-recipient", multiple=True, metavar="AGE", help="Also encrypt for this public age key.")
@click.option("--remove-recipient", multiple=True, metavar="AGE", help="No longer encrypt for this public age key.")
@click.option("--new-key", is_flag=True, help="Make a new age key for this environment.")
@click.option("--services", is_flag=True, help="Also what a database or queue in the cluster keeps.")
@_options
def rotate(
    environment: str,
    keys: tuple[str, ...],
    add_recipient: tuple[str, ...],
    remove_recipient: tuple[str, ...],
    new_key: bool,
    services: bool,
    program: str | None,
    directory: Path,
) -> None:
    """Give KEYS of ENVIRONMENT new random values (all that are random without KEYS), or change who can read them.

    The password of a database or queue in the cluster is left out unless it is named, or with --services: the service
    keeps the old one. What to do in the cluster afterwards is printed, as commands in their order.
    """
    from signalen_toolkit.catalog.load import catalog
    from signalen_toolkit.secrets import rotation

    if not (add_recipient or remove_recipient or new_key):
        done = rotation.rotate(directory, catalog(), environment, keys, services=services, program=program)
        left = [
            f"left as it is: {key}, which a service in the cluster keeps; name it, or add --services"
            for key in done.left_out
        ]
        _say("new value for", done.changed, done.orders, *left)
        return
    if keys or services:
        raise UsageError("new readers and new values are two steps: leave out the keys and --services, or the options")
    changed = rotation.rotate_recipients(
        directory,
        catalog(),
        environment,
        add=add_recipient,
        remove=remove_recipient,
        new_key=new_key,
        program=program,
    )
    for path in changed.files:
        tell(f"changed {path}")
    if changed.key_file:
        tell(f"the new private key is in {changed.key_file}")


@secrets.command()
@click.argument("environments", nargs=-1)
@click.option("--no-decrypt", is_flag=True, help="Only what can be seen without a private key.")
@click.option("--format", "format_", type=click.Choice(_FORMATS), default="text", help="How problems are printed.")
@_options
def check(environments: tuple[str, ...], no_decrypt: bool, format_: str, program: str | None, directory: Path) -> None:
    """Check that the secrets are complete, encrypted for the keys in .sops.yaml, and nobody's published default."""
    from signalen_toolkit.catalog.load import catalog
    from signalen_toolkit.secrets import check as secret_check

    report = secret_check.check(directory, catalog(), environments, decrypt=not no_decrypt, program=program)
    print_problems(report.problems, format_)
    for environment in report.locked:
        tell(f"the values of {environment} were not looked at: its private key is not at hand", err=True)
    for secret in report.elsewhere:
        keys = ", ".join(key.key.name for key in secret.keys)
        tell(
            f"in the cluster, which `signalen preflight` looks at: {secret.name} in {secret.namespace} ({keys})",
            err=True,
        )
    sys.exit(has_errors(report.problems))


@secrets.command()
@click.argument("environment")
@click.argument("secret")
@_options
def edit(environment: str, secret: str, program: str | None, directory: Path) -> None:
    """Open a SECRET of ENVIRONMENT in your editor, in memory, and encrypt it again."""
    from signalen_toolkit.catalog.load import catalog
    from signalen_toolkit.secrets import rotation

    changed = rotation.edit(directory, catalog(), environment, secret, program=program)
    if changed:
        _say("changed", changed.keys or [secret], changed.orders)
    else:
        tell("nothing changed")


def _say(what: str, keys: Sequence[str], orders: Sequence[str], *more: str) -> None:
    """Say which keys have another value now, and what to do in the cluster."""
    lines = [*(f"{what} {key}" for key in keys), *more]
    tell("\n".join([*lines, *(["", "Now, in this order:", *orders] if orders else [])]))

"""`signalen form`: the form as a web page."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import click

from signalen_toolkit.base.environment import variables
from signalen_toolkit.base.layout import FORM_FILE, fleet_root
from signalen_toolkit.cli.shared import chart_options, of_repository
from signalen_toolkit.diagnostics.output import say
from signalen_toolkit.diagnostics.problems import UsageError

_LOOPBACK: Final = "127.0.0.1"
_ADDRESS: Final = re.compile(r"\[?([0-9A-Za-z.:-]*?)\]?:([0-9]{1,5})")


@click.command()
@of_repository
@click.option("--read-only", is_flag=True, help="Look, and change nothing.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="Port on this machine; default: one that is free."
)
@click.option("--no-browser", is_flag=True, help="Print the address, and open no browser.")
@click.option("--listen", metavar="HOST:PORT", help="For a proxy that signs people in: where it finds the server.")
@click.option("--origin", metavar="URL", help="With --listen: the address at which people find the page.")
@click.option("--user-header", metavar="NAME", help="With --listen: the header in which the proxy says who it is.")
@click.option(
    "--token-file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="With --listen: file with the token that the proxy sends (Authorization: Bearer …).",
)
@click.option("--tiles", is_flag=True, help="Let browsers fetch the map of PDOK behind the municipality.")
@click.option("--static", type=click.Path(path_type=Path, file_okay=False), help="Write the questions as static files.")
@click.option("--mail-to", metavar="ADDRESS", default="", help="With --static: who gets the answers by e-mail.")
@click.option(
    "--issue-form",
    type=click.Choice(["github", "gitlab", "forgejo"]),
    help="Write the form of an issue into DIRECTORY.",
)
@chart_options
def form(
    directory: Path,
    read_only: bool,
    port: int,
    no_browser: bool,
    listen: str | None,
    origin: str | None,
    user_header: str | None,
    token_file: Path | None,
    tiles: bool,
    static: Path | None,
    mail_to: str,
    issue_form: str | None,
    charts: Path | None,
    offline: bool,
) -> None:
    """Fill in the form of DIRECTORY, a repository or one that is to be made, as a web page.

    The page is there for this machine alone, until Ctrl-C. With --listen it is there for a proxy that signs people in
    and says so with --user-header or --token-file.

    With --static nothing is served: the questions of who starts are written as files, for an intranet or the pages of
    a Git host, and make antwoorden.yaml for `signalen new --answers`. With --issue-form they are the form of an issue
    in the repository DIRECTORY, with a pipeline that makes a pull request with a new municipality of each.
    """
    if issue_form is not None:
        from signalen_toolkit.page.elsewhere import issue_form as forms

        for name in forms.write(directory, issue_form):
            say(f"wrote {directory / name}")
        return
    if fleet_root(directory) is not None:
        raise UsageError(
            f"{directory} is a municipality of a fleet, whose form is completed by layers that the page does not show:"
            " change municipality.yaml, or one setting with `signalen set`"
        )
    if static is not None:
        from signalen_toolkit.page.elsewhere import static as pages

        for name in pages.write(static, mail_to):
            say(f"wrote {static / name}")
        return
    try:
        from signalen_toolkit.page import serving
        from signalen_toolkit.page.app import make_app
    except ImportError as error:
        raise UsageError(f"{error.name} is not installed: pip install 'signalen-toolkit[form]'") from error
    from signalen_toolkit.helm.options import Options
    from signalen_toolkit.page.draft.store import DraftStore, state_home
    from signalen_toolkit.page.draft.workplace import Workplace
    from signalen_toolkit.page.guard import Entrance

    _check_directory(directory, read_only=read_only)
    host, wanted = _address(listen) if listen else (_LOOPBACK, port)
    _check_access(listen, origin, user_header, token_file)
    token = token_file.read_text(encoding="utf-8").strip() if token_file else ""
    if token_file and len(token) < 16:
        raise UsageError(f"{token_file} holds no token: 16 characters or more, on one line")
    listener = serving.listening(host, wanted)
    own = listener.getsockname()[1]
    origins = (origin.rstrip("/"),) if origin else (f"http://{_LOOPBACK}:{own}", f"http://localhost:{own}")
    access = Entrance(origins, user_header=user_header or "", token=token)
    options = Options(charts=charts, offline=offline, variables=variables())
    workplace = Workplace(
        directory, DraftStore(state_home(variables()), directory), read_only=read_only, options=options
    )
    address = origins[0] if listen else f"{origins[0]}/open/{access.key}"

    def ready() -> None:
        say(f"The form is at {address}\nStop with Ctrl-C.")
        if not listen and not no_browser:
            serving.show(address)

    serving.serve(make_app(workplace, access, tiles=tiles), listener, ready)


def _check_directory(directory: Path, *, read_only: bool) -> None:
    if (directory / FORM_FILE).exists():
        return
    if read_only:
        raise UsageError(f"there is no {FORM_FILE} in {directory} to look at")
    if directory.is_dir() and any(path.name != ".git" for path in directory.iterdir()):
        raise UsageError(f"{directory} holds something else than a repository of Signalen; name another folder")


def _address(listen: str) -> tuple[str, int]:
    found = _ADDRESS.fullmatch(listen)
    if found is None or int(found[2]) > 65535:
        raise UsageError(f"--listen '{listen}' is not HOST:PORT, such as 0.0.0.0:8080")
    return found[1] or "0.0.0.0", int(found[2])  # noqa: S104  # who writes :8080 means all addresses


def _check_access(listen: str | None, origin: str | None, user_header: str | None, token_file: Path | None) -> None:
    """Refuse to be reached from elsewhere without somebody in front who signs people in."""
    if listen and not (user_header or token_file):
        raise UsageError(
            "--listen is for a proxy that signs people in: name the header in which it says who they are"
            " (--user-header), or a token that it sends (--token-file)"
        )
    if listen and not re.fullmatch(r"https?://[0-9A-Za-z.-]+(:[0-9]+)?/?", origin or ""):
        raise UsageError("--listen needs --origin, the address at which people find the page: https://form.example.nl")
    if not listen and (origin or user_header or token_file):
        raise UsageError("--origin, --user-header and --token-file go with --listen")

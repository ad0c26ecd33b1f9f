"""The files that the cookiecutter in `municipality-template/` makes of a form."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from signalen_toolkit.base import beneath
from signalen_toolkit.base.beneath import named
from signalen_toolkit.base.paths import folder
from signalen_toolkit.form.config import Config, asset_paths
from signalen_toolkit.repository.template_variables import variables

PROJECT: Final = "{{cookiecutter.repository_name}}"


def write_template(directory: Path, form: Mapping[str, Any], config: Config, images: Path) -> None:
    """Write what the template makes of a form into a folder, with the images that the form names."""
    from cookiecutter.generate import generate_files  # type: ignore[import-untyped]

    # Cookiecutter renders the whole path of each folder, so it works where no path can hold a `{{`.
    with tempfile.TemporaryDirectory() as temporary, named(Path(temporary)):
        context = {"cookiecutter": variables(form, config)}
        made = generate_files(folder("municipality-template"), context, temporary, accept_hooks=False)
        for name in asset_paths(form):
            if (images / name).is_file():
                target = Path(made) / name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(images / name, target)
        for path in sorted(Path(made).rglob("*")):
            if path.is_file():
                data = path.read_bytes()
                # Not with its mode: what was installed may be read-only, or have lost that it can be run.
                mode = beneath.SCRIPT if is_script(data) else beneath.NEW
                beneath.write(directory, path.relative_to(made).as_posix(), data, mode=mode)


def is_script(data: bytes) -> bool:
    """Tell whether a file of the template is one to be run."""
    return data.startswith(b"#!")

"""Every example form against the true charts of every release that it is valid for.

    SIGNALEN_CHARTS=DIR pytest -m upstream -n auto

The folder holds `<chart>-<version>.tgz` or unpacked folders of that name; without it charts are fetched.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY, example_forms
from toolkit.catalog import catalog
from toolkit.check import check_file
from toolkit.problems import has_errors
from toolkit.rendering import Options
from toolkit.verify import verify
from toolkit.versions import parse

CHARTS = catalog()
RELEASES = [release for release in CHARTS.releases if parse(release) >= parse(CHARTS.oldest_release)]


@pytest.mark.upstream
@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("form", example_forms(), ids=lambda form: form.stem)
def test_the_true_charts_make_objects_without_a_fault(form: Path, release: str, tmp_path: Path) -> None:
    shutil.copytree(REPOSITORY / "assets", tmp_path / "assets")
    text = re.sub(r"version: 4\.[0-9.]+", f"version: {release}", form.read_text())
    (tmp_path / "municipality.yaml").write_text(text)
    known = check_file(tmp_path / "municipality.yaml", CHARTS)[1]
    if has_errors(known):
        pytest.skip("the form asks for more than this release has")
    folder = os.environ.get("SIGNALEN_CHARTS")
    options = Options(charts=Path(folder) if folder else None)
    assert [(one.rule, one.message) for one in verify(tmp_path, CHARTS, options) if one not in known] == []

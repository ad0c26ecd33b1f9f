"""Rules of `.sops.yaml` that somebody else wrote."""

from __future__ import annotations

from pathlib import Path

import pytest
from signalen_toolkit.secrets import sops_config


@pytest.mark.parametrize(
    ("expression", "applies"),
    [
        (r"^secrets/acceptance/.*\.yaml$", True),
        (r"^(([a-z]|/|\.)+)+$", True),
        (r"^(([a-z]|/)+)+!$", False),  # for Python's own engine this takes years
        ("(?=secrets)", False),  # SOPS refuses it
        ("[", False),
    ],
)
def test_an_expression_is_read_as_sops_reads_it(tmp_path: Path, expression: str, applies: bool) -> None:
    (tmp_path / ".sops.yaml").write_text(f"creation_rules:\n- path_regex: '{expression}'\n  age: age1x\n")
    found = sops_config.read(tmp_path).rule(f"secrets/acceptance/{'a' * 200}.yaml")
    assert (found is not None) is applies

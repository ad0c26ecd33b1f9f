"""The table of versions of Kubernetes' own kinds: whole, and with a source for each line."""

from __future__ import annotations

import csv

from signalen_toolkit.base.paths import PACKAGE
from signalen_toolkit.kubernetes.schemas.api_versions import ApiChange, changes, numbers

with (PACKAGE / "data" / "api_versions.csv").open(encoding="utf-8", newline="") as file:
    ROWS = list(csv.DictReader(file))


def test_every_line_can_be_read_and_has_a_source() -> None:
    for row in ROWS:
        assert numbers(row["deprecated"])
        assert numbers(row["removed"]) or row["removed"] == ""
        assert row["source"].startswith("https://")
    assert len(changes()) == len(ROWS)


def test_what_is_gone_has_the_page_of_the_release_without_it() -> None:
    guide = "https://kubernetes.io/docs/reference/using-api/deprecation-guide/#v"
    for row in ROWS:
        if row["source"].startswith(guide):
            assert row["source"] == guide + row["removed"].replace(".", "-")


def test_a_line_is_a_change() -> None:
    assert changes()["batch/v1beta1", "CronJob"] == ApiChange((1, 21), (1, 25), "batch/v1")
    assert changes()["v1", "ComponentStatus"] == ApiChange((1, 19), None, "")

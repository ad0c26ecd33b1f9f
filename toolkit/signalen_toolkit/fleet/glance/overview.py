"""Where a fleet stands, at a glance: one static page, the same as JSON, and as metrics for Prometheus."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.diagnostics.output import json_text
from signalen_toolkit.fleet import report
from signalen_toolkit.fleet.glance.certificates import Expiry, soon
from signalen_toolkit.fleet.glance.changes import last_changes
from signalen_toolkit.fleet.glance.metrics import metrics
from signalen_toolkit.fleet.glance.page import certificates, page
from signalen_toolkit.fleet.glance.rows import moment, rows
from signalen_toolkit.fleet.listing import Fleet
from signalen_toolkit.fleet.outcome import MemberOutcome

FORMATS: Final = (*report.FORMATS, "prometheus")


def write(fleet: Fleet, found: Sequence[MemberOutcome], format_: str, now: datetime, *, ask: bool = False) -> str:
    """Return where a fleet stands at a moment in one of FORMATS, without a line break at the end.

    With `ask` the hosts of every environment are asked for their certificates.
    """
    changed = last_changes(fleet) if format_ in ("html", "json", "prometheus") else {}
    told = rows(fleet, found, changed, ask=ask)
    match format_:
        case "html":
            return page(told, len(found), now)
        case "json":
            about = {"newest": catalog().releases[0], "at": moment(int(now.timestamp()))}
            return json_text({**about, "environments": [one.as_data() for one in told]})
        case "prometheus":
            return "\n".join(metrics(told))
    held: dict[str, list[Expiry]] = {}
    for row in told:
        held.setdefault(row.municipality, []).extend(
            one for one in row.certificates if one.problem or one.expires < soon(now)
        )
    notes = {name: f"; certificate {certificates([*dict.fromkeys(some)], now)}" for name, some in held.items() if some}
    return report.write("status", [replace(one, said=one.said + notes.get(one.name, "")) for one in found], format_)

"""What several tests share: the example forms, and the option that rewrites the golden trees."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import settings
from signalen_toolkit.base.paths import folder

from tests.support.standins import chart_versions, make_charts

# A machine that is busy is no fault: how long things take is measured in benchmarks/.
settings.register_profile("project", deadline=None)
settings.load_profile("project")

TESTS = Path(__file__).parent
FORMS = TESTS / "forms"
GOLDEN = TESTS / "golden"
# The neutral logo and icons that every new repository starts with stand for those of the example forms.
REPOSITORY = folder("municipality-template") / "{{cookiecutter.repository_name}}"


# How a skipped test says that it waits for a program.
MISSING = "missing program: "

# The commands of the tests fetch nothing, unless a test takes this away.
os.environ.setdefault("SIGNALEN_OFFLINE", "1")
# What they say is compared in English, whatever the language of the machine.
os.environ["SIGNALEN_LANG"] = "en"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --update-golden and --update-pictures."""
    parser.addoption("--update-golden", action="store_true", help="rewrite tests/golden from what is rendered now")
    parser.addoption("--update-pictures", action="store_true", help="rewrite docs/pictures from the pages as they are")


def example_forms() -> list[Path]:
    """Return the forms that have a golden tree."""
    return sorted(FORMS.glob("*.yaml"))


@pytest.fixture(scope="session")
def charts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give stand-in charts in every version that an example form uses. They are shared: change a copy."""
    from tests.chart_templates.test_golden import rendered  # which itself imports from here

    versions: dict[str, set[str]] = {}
    for form in example_forms():
        for chart, used in chart_versions(rendered(form)).items():
            versions.setdefault(chart, set()).update(used)
    return make_charts(tmp_path_factory.mktemp("charts"), versions)


def program(name: str, package: str) -> str:
    """Return the path of a program; a test that needs it is skipped without it, but fails in CI."""
    found = shutil.which(name)
    if found:
        return found
    reason = f"{MISSING}{name}, of {package}"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say at the end which programs are missing, how many tests wait for each, and the one command for all of them."""
    waiting = Counter(
        str(report.longrepr[2]).partition(MISSING)[2].partition(",")[0]
        for report in terminalreporter.stats.get("skipped", ())
        if isinstance(report.longrepr, tuple) and MISSING in str(report.longrepr[2])
    )
    if waiting:
        terminalreporter.section("not everything was tested", yellow=True)
        for name, count in sorted(waiting.items()):
            terminalreporter.line(f"{count} test{'s wait' if count > 1 else ' waits'} for the program {name}")
        terminalreporter.line("this installs what is missing: sudo .ci/programs (on macOS without sudo)")

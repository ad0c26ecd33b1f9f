"""The rendered tree of every example form, file by file."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.diagnostics.problems import has_errors
from signalen_toolkit.documents.reader import read
from signalen_toolkit.form.schema import settings
from signalen_toolkit.rendering.render import render
from signalen_toolkit.validation.check import check

from tests.conftest import GOLDEN, REPOSITORY, example_forms

FORMS = example_forms()


def rendered(form: Path) -> dict[str, str]:
    config, problems = check(read(form), catalog(), REPOSITORY)
    assert not has_errors(problems), [problem.message for problem in problems]
    return render(config, catalog())


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.stem)
def test_the_rendered_tree_is_the_golden_one(form: Path, request: pytest.FixtureRequest) -> None:
    tree, golden = rendered(form), GOLDEN / form.stem
    if request.config.getoption("--update-golden"):
        shutil.rmtree(golden, ignore_errors=True)
        for path, text in tree.items():
            (golden / path).parent.mkdir(parents=True, exist_ok=True)
            (golden / path).write_bytes(text.encode())
    files = {path.relative_to(golden).as_posix(): path for path in golden.rglob("*") if path.is_file()}
    assert sorted(tree) == sorted(files)
    for path, text in tree.items():
        assert text == files[path].read_bytes().decode(), f"{path}: run pytest --update-golden if this is meant"


def test_every_golden_tree_has_a_form() -> None:
    assert sorted(path.name for path in GOLDEN.iterdir()) == [form.stem for form in FORMS]


def test_the_form_with_everything_sets_every_setting() -> None:
    data = read(next(form for form in FORMS if form.stem == "everything")).data
    # What an environment may repeat stands at the top; the resources of one workload are like those of another.
    deep = {path for path, _ in settings() if path[0] == "resources" and len(path) > 2 and path[1] != "backend"}
    # A Gateway is of the environment or of the cluster: the form `gateway` has both.
    deep.add(("cluster", "gateway", "class"))
    # The toolkit comes from one place: tests/installing has a form for each.
    deep |= {("toolkit", "index"), ("toolkit", "image")}
    missing = [".".join(path) for path, _ in settings() if path not in deep and not present(data, path)]
    assert missing == []


def present(data: Any, path: tuple[str, ...]) -> bool:
    if not path:
        return True
    if not isinstance(data, dict):
        return False
    if path[0] == "*":
        return any(present(child, path[1:]) for child in data.values())
    return path[0] in data and present(data[path[0]], path[1:])


def test_the_environments_of_one_form_run_their_own_versions() -> None:
    tree = rendered(next(form for form in FORMS if form.stem == "s-hertogenbosch"))
    for environment, version in (("acceptance", "4.23.0"), ("production", "4.22.0")):
        for component in ("backend", "frontend", "classification"):
            release = YAML(typ="safe").load(tree[f"clusters/{environment}/releases/{component}.yaml"])
            assert release["spec"]["chart"]["spec"]["version"] == version


def test_amsterdam_gets_the_configuration_that_it_has() -> None:
    tree = rendered(next(form for form in FORMS if form.stem == "amsterdam"))
    values = YAML(typ="safe").load(tree["clusters/acceptance/values/signalen-frontend.yaml"])
    assert dict(flat(json.loads(json.dumps(values["config"])))) == AMSTERDAM


def flat(data: dict[str, Any], above: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for key, value in data.items():
        path = f"{above}.{key}" if above else key
        found += flat(value, path) if isinstance(value, dict) else [(path, value)]
    return found


# What Amsterdam's frontend on acceptance is configured with, once its own settings are merged over the base
# configuration of the image: facts of August 2026, keys that are not public left out at the source.
AMSTERDAM: dict[str, Any] = {
    "additionalCode.css": "",
    "apiBaseUrl": "https://api.acc.meldingen.amsterdam.nl",
    "areaTypeCodeForDistrict": "ggw",
    "azure.connectionString": "InstrumentationKey=00000000-0000-0000-0000-000000000000",
    "featureFlags.appMode": False,
    "featureFlags.assignSignalToDepartment": False,
    "featureFlags.assignSignalToEmployee": False,
    "featureFlags.disableClosingCategoryOverigOverig": True,
    "featureFlags.enableAmsterdamSpecificOverigCategories": True,
    "featureFlags.enableCsvExport": False,
    "featureFlags.enableForwardIncidentToExternal": True,
    "featureFlags.enableMultipleKtoAnswers": True,
    "featureFlags.enableMyIncidents": True,
    "featureFlags.enableNearIncidents": True,
    "featureFlags.enablePublicIncidentsMap": True,
    "featureFlags.enablePublicSignalMap": False,
    "featureFlags.enableReporter": True,
    "featureFlags.enableSortAndFilterStadsdeel": True,
    "featureFlags.fetchDistrictsFromBackend": True,
    "featureFlags.fetchQuestionsFromBackend": False,
    "featureFlags.mapFilter24Hours": True,
    "featureFlags.reporterMailHandledNegativeContactEnabled": True,
    "featureFlags.showContactEdit": True,
    "featureFlags.showMainCategories": True,
    "featureFlags.showPostcodeSortColumn": True,
    "featureFlags.showStandardTextAdminV1": False,
    "featureFlags.showStandardTextAdminV2": True,
    "featureFlags.showThorButton": True,
    "featureFlags.showVulaanControls": True,
    "featureFlags.useProjectenSignalType": False,
    "featureFlags.useProjectverzoekSignalType": True,
    "frontPageAlert.text": "",
    "head.androidIcon": "/icon_192x192.png",
    "head.backgroundColor": "#ffffff",
    "head.favicon": "/favicon.png",
    "head.iosIcon": "/icon_180x180.png",
    "head.statusBarStyle": "default",
    "head.themeColor": "#fff",
    "language.consentToContactSharing": "Ja, ik geef de gemeente Amsterdam toestemming om mijn melding door te sturen naar andere organisaties als de melding niet voor de gemeente is bestemd.",
    "language.district": "Deelgebied",
    "language.headerTitle": "",
    "language.helpText": "Wij zijn bereikbaar van maandag tot en met vrijdag van 08.00 tot 18.00 uur.",
    "language.helpTextHeader": "Heeft u een vraag of heeft u ondersteuning nodig bij het invullen van dit formulier? Bel het telefoonnummer [14 020](tel:14020).",
    "language.logoDescription": "Gemeente Amsterdam logo - Home",
    "language.mapDescription": "Weet u het adres niet, bel dan 14 020 om telefonisch de melding te maken.",
    "language.phoneNumber": "14 020",
    "language.shortTitle": "Meldingen",
    "language.siteAddress": "meldingen.amsterdam.nl",
    "language.siteTitle": "Meldingen",
    "language.smallHeaderTitle": "Signalen",
    "language.title": "Meldingen Amsterdam",
    "language.urgentContactInfo": "Voor spoedeisende zaken kunt u ook telefonisch contact opnemen met 14 020.",
    "links.about": "https://www.amsterdam.nl/overdezesite/",
    "links.accessibility": "/toegankelijkheidsverklaring",
    "links.help": "https://tamtam.amsterdam.nl/do/office?id=1723860-6f6666696365",
    "links.home": "https://www.amsterdam.nl",
    "links.privacy": "https://www.amsterdam.nl/privacy/specifieke/privacyverklaringen-wonen/meldingen-overlast-privacy/",
    "logo.height": "68px",
    "logo.smallHeight": "29px",
    "logo.smallWidth": "68px",
    "logo.url": "/assets/images/amsterdam-logo.svg",
    "logo.width": "153px",
    "map.keys.dataPlatform": "(public map key removed)",
    "map.layers.bomen": "https://api.data.amsterdam.nl/v1/wfs/bomen/?SERVICE=WFS&REQUEST=GetFeature&VERSION=2.0.0&TYPENAMES=stamgegevens&COUNT=1000&SRSNAME=urn:ogc:def:crs:EPSG::4326&outputFormat=application/json",
    "map.layers.containers": "https://api.data.amsterdam.nl/v1/wfs/huishoudelijkafval/?SERVICE=WFS&REQUEST=GetFeature&VERSION=2.0.0&TYPENAMES=app:container&COUNT=1000&SRSNAME=urn:ogc:def:crs:EPSG::4326&outputFormat=application/json",
    "map.layers.eikenprocessierups": "https://gisib.acc.meldingen.amsterdam.nl/public/gisib/geography/?object_kind_name=Boom&bbox={east},{south},{west},{north}",
    "map.layers.klokken": "https://api.data.amsterdam.nl/v1/wfs/storingsmeldingen_ovl_en_klokken/?SERVICE=WFS&REQUEST=GetFeature&VERSION=2.0.0&TYPENAMES=klokken&COUNT=1000&SRSNAME=urn:ogc:def:crs:EPSG::4326&outputFormat=application/json",
    "map.layers.verlichting": "https://api.data.amsterdam.nl/v1/wfs/storingsmeldingen_ovl_en_klokken/?SERVICE=WFS&REQUEST=GetFeature&VERSION=2.0.0&TYPENAMES=openbare_verlichting&COUNT=1000&SRSNAME=urn:ogc:def:crs:EPSG::4326&outputFormat=application/json",
    "map.municipality": 'amsterdam "ouder-amstel" weesp',
    "map.options.center": [52.3731081, 4.8932945],
    "map.options.crs": "EPSG:28992",
    "map.options.maxBounds": [[52.25168, 4.64034], [52.50536, 5.10737]],
    "map.options.maxNumberOfAssets.afvalContainer": 5,
    "map.options.maxNumberOfAssets.bomen": 5,
    "map.options.maxNumberOfAssets.eikenProcessierups": 5,
    "map.options.maxNumberOfAssets.klokken": 1,
    "map.options.maxNumberOfAssets.straatverlichting": 3,
    "map.options.maxZoom": 16,
    "map.options.minZoom": 8,
    "map.options.zoom": 10,
    "map.optionsAreaMap.focusRadiusMeters": 100,
    "map.optionsAreaMap.maxZoom": 15,
    "map.optionsAreaMap.zoom": 13,
    "map.optionsAssetSelector.assetsZoom": 13,
    "map.optionsAssetSelector.locationZoom": 14,
    "map.optionsBackOffice.maxZoom": 16,
    "map.optionsBackOffice.minZoom": 7,
    "map.optionsBackOffice.zoom": 7,
    "map.optionsExternalReplyLocation.zoom": 9,
    "map.optionsExternalReplyMap.zoom": 10,
    "map.optionsIncidentDetailLocation.zoom": 9,
    "map.optionsIncidentMap.flyToMaxZoom": 14,
    "map.optionsIncidentMap.flyToMinZoom": 12,
    "map.optionsIncidentMap.zoom": 9,
    "map.optionsMapInput.zoom": 14,
    "map.optionsMyIncidentsMap.zoom": 14,
    "map.optionsOverviewMap.flyToMinZoom": 11,
    "map.optionsSummaryMap.zoom": 12,
    "map.pdok.reverse": "https://api.pdok.nl/bzk/locatieserver/search/v3_1/reverse",
    "map.pdok.suggest": "https://api.pdok.nl/bzk/locatieserver/search/v3_1/suggest",
    "map.tiles.args": ["https://{s}.data.amsterdam.nl/topo_rd/{z}/{x}/{y}.png"],
    "map.tiles.options.attribution": "<span aria-hidden='true'>Kaartgegevens CC-BY-4.0 Gemeente Amsterdam</span>",
    "map.tiles.options.maxNativeZoom": 14,
    "map.tiles.options.subdomains": ["t1", "t2", "t3", "t4"],
    "map.tiles.options.tms": True,
    "oidc.authEndpoint": "https://acc.iam.amsterdam.nl/auth",
    "oidc.clientId": "sia-frontend",
    "oidc.realm": "datapunt-ad-acc",
    "oidc.responseType": "code",
    "oidc.scope": "openid",
    "theme.colors.error.main": "#ec0000",
    "theme.colors.primary.dark": "#00387a",
    "theme.colors.primary.main": "#004699",
    "theme.colors.secondary.dark": "#bc0000",
    "theme.colors.secondary.main": "#ec0000",
    "theme.colors.support.focus": "#fec813",
    "theme.colors.support.invalid": "#ec0000",
    "theme.colors.support.valid": "#00a03c",
}

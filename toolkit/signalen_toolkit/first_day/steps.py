"""The steps of the first day of an environment, from its form, in Dutch.

One source of text: what is printed, and the chapter in the README, are made from these (`chapter`).
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from signalen_toolkit.catalog.model import Catalog, Decryption
from signalen_toolkit.first_day.registrations import registrations
from signalen_toolkit.form.config import Config, Environment
from signalen_toolkit.form.needed_secrets import NeededSecret
from signalen_toolkit.rendering.render import needed_secrets

_MANAGE: Final = "python /app/manage.py"
# What training makes, as the image of the classification reads it from its volume.
_MODELS: Final = ("main_model.pkl", "main_slugs.pkl", "sub_model.pkl", "sub_slugs.pkl")


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what to do, the commands for it, and the one that shows that it worked.

    `facts` are lines of a list, as plain text. `seen_by` are beginnings of the ids of points in `signalen preflight`:
    where all of those are in order, so is the step. Without any, only a person can tell.
    """

    id: str
    title: str
    text: str
    facts: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    proof: str = ""
    proof_command: str = ""
    seen_by: tuple[str, ...] = ()


def steps(environment: Environment, config: Config, charts: Catalog) -> list[Step]:
    """Return the steps for an environment, in the order in which they are taken."""
    secrets = [one for one in needed_secrets(environment, config, charts) if one.keys]
    return [
        _cluster(environment),
        _names(environment),
        _sign_in(environment),
        _secrets(environment, secrets),
        _connect(environment),
        _administrator(environment),
        _categories(environment),
        _areas(environment),
        *_models(environment),
        _try_it(environment),
    ]


def _cluster(environment: Environment) -> Step:
    cluster, enabled = environment.settings["cluster"], environment.enabled
    versions = [one.kubernetes for one in environment.components if one.kubernetes]
    oldest = max(
        [*versions, environment.delivery.kubernetes or cluster["kubernetesVersion"]],
        key=lambda version: [int(part) for part in version.split(".")],
    )
    facts = [f"Kubernetes {oldest} of nieuwer", *_way_in(environment)]
    if cluster["certificateIssuer"] and environment.has_certificates:
        facts.append(f"cert-manager, met de ClusterIssuer {cluster['certificateIssuer']}")
    for mode, key in (("ReadWriteOnce", "readWriteOnce"), ("ReadWriteMany", "readWriteMany")):
        name = cluster["storageClasses"][key]
        facts.append(f"een opslagklasse voor {mode}: {name or 'de standaard van het cluster'}")
    if environment.settings["secrets"]["provider"] == "external-secrets":
        facts.append("de External Secrets-operator")
    if "linkerd-control-plane" in enabled:
        facts.append("trust-manager, voor Linkerd")
    if cluster["stacks"]["metrics"]:
        facts.append(f"Prometheus, in de namespace {cluster['stacks']['namespace']}")
    return Step(
        "cluster",
        "Het cluster nakijken",
        f"Voor {environment.name} moet het cluster dit hebben. Wie het beheert, brengt aan wat ontbreekt.",
        tuple(facts),
        (f"signalen preflight {environment.name}",),
        seen_by=(
            "kubernetes-version",
            "ingress-class",
            "gateway",
            "certificate-issuer",
            "storage-class/",
            "kinds/",
            "namespace/",
            "quota/",
        ),
    )


def _way_in(environment: Environment) -> Iterator[str]:
    """Yield what visitors come in by, and what it has to have."""
    cluster, gateway = environment.settings["cluster"], environment.settings["cluster"]["gateway"]
    if environment.has_ingress:
        yield f"een ingresscontroller met de klasse {cluster['ingressClass']}"
    if "class" in gateway:
        yield f"Gateway API, met de GatewayClass {gateway['class']}"
    elif environment.has_gateway:
        yield f"Gateway API, met de Gateway {gateway['name']} in de namespace {gateway['namespace']}"
        if gateway["listenerSet"]:
            yield "in die Gateway toestemming voor listeners uit deze omgeving (spec.allowedListeners)"
        else:
            yield from _listeners(environment, gateway)
        if "redirectFrom" in gateway:
            yield f"in die Gateway de listener {gateway['redirectFrom']} voor HTTP"


def _listeners(environment: Environment, gateway: Mapping[str, Any]) -> Iterator[str]:
    """Yield the listeners that somebody else's Gateway has to have, each with its hosts."""
    found: dict[str, list[str]] = {}
    for one in (one for one in environment.components if one.host is not None):
        listener = str(gateway["listeners"].get(one.name, gateway["listener"]))
        found.setdefault(listener, []).append(environment.hosts[one.name])
    for listener, hosts in found.items():
        yield f"in die Gateway de listener {listener} voor HTTPS, met een certificaat voor {', '.join(hosts)}"


def hosts_of(environment: Environment) -> list[str]:
    """Return the host names of an environment, each once, that of the site first."""
    named = sorted(environment.components, key=lambda one: one.name != "frontend")
    return list(dict.fromkeys(environment.hosts[one.name] for one in named if one.host is not None))


def _names(environment: Environment) -> Step:
    gateway = environment.settings["cluster"]["gateway"]
    way_in, find = "ingresscontroller", "kubectl get services --all-namespaces --field-selector=spec.type=LoadBalancer"
    if environment.has_gateway:
        way_in, find = "Gateway", f"kubectl get gateway {gateway['name']} --namespace {gateway['namespace']}"
    certificate = "Het certificaat volgt vanzelf, zodra de naam werkt."
    if "class" in gateway:
        certificate += " Die Gateway komt met de eerste synchronisatie: doe dit na het aansluiten van het cluster."
    if not environment.has_certificates:
        certificate = "Het certificaat staat bij de Gateway; wie het cluster beheert, zorgt ervoor."
    return Step(
        "dns",
        "Namen in DNS laten zetten",
        f"Laat voor elke naam een A-record maken naar het adres van de {way_in}, of een CNAME naar zijn naam."
        f" {certificate}",
        tuple(hosts_of(environment)),
        (find,),
        "Elke naam heeft een adres:",
        f"dig +short {environment.domain}",
        ("dns/",),
    )


def _sign_in(environment: Environment) -> Step:
    return Step(
        "sign-in",
        "Aanmelden mogelijk maken",
        "Registreer bij de aanmelddienst van de gemeente deze toepassingen met hun doorstuuradres (redirect URI)."
        " Bewaar de clientgeheimen voor de volgende stap.",
        tuple(one.text for one in registrations(environment)),
        proof="Kent de aanmelddienst deze uitgever?",
        proof_command="curl --fail --silent --show-error"
        f" {environment.settings['identity']['issuer'].rstrip('/')}/.well-known/openid-configuration",
    )


def _secrets(environment: Environment, secrets: list[NeededSecret]) -> Step:
    name, settings, tool = environment.name, environment.settings, environment.delivery
    provider = settings["secrets"]["provider"]
    facts = [f"{one.name} in {one.namespace}: {', '.join(key.key.name for key in one.keys)}" for one in secrets]
    places = dict.fromkeys(one.namespace for one in secrets if not one.by_hand)
    text, commands, proof = "", [f"kubectl create namespace {place}" for place in places], ""
    if provider == "sops":
        text = "Maak de geheimen; wat alleen u weet, wordt gevraagd. Bewaar een kopie van de geheime sleutel."
        commands = [f"signalen secrets init {name}", "git add .sops.yaml secrets", "git commit --message='Geheimen'"]
        proof = f"signalen secrets check {name}"
        if tool.decryption is not Decryption.KEY and "plugin" not in settings["secrets"]["sops"]:
            text += f" {tool.title} ontsleutelt ze niet: breng ze na het aansluiten zelf aan, en na elke wijziging."
    elif provider == "external-secrets":
        text = "Zet de waarden in de kluis, onder de namen in dit bestand."
        commands = [f"less clusters/{name}/manifests/external-secrets.yaml"]
        proof = f"kubectl get externalsecrets.external-secrets.io --namespace {environment.namespace}"
    else:
        text = "Maak deze Secrets zelf, elk uit een bestand met SLEUTEL=waarde op elke regel; verwijder dat daarna."
        commands += [
            f"kubectl create secret generic {one.name} --namespace {one.namespace} --from-env-file=geheimen.env"
            for one in secrets
            if not one.by_hand
        ]
        proof = f"kubectl get secrets --namespace {environment.namespace}"
    return Step("secrets", "Geheimen maken", text, tuple(facts), tuple(commands), "Alles is er:", proof, ("secret/",))


def _connect(environment: Environment) -> Step:
    name, settings = environment.name, environment.settings
    watch = environment.delivery.watch.replace("{namespace}", environment.namespace)
    text = f"Push alles, en sluit het cluster aan: {environment.delivery.title} volgt deze repository daarna vanzelf."
    if not (settings["sync"]["automatic"] or environment.delivery.always_automatic):
        text += (
            f" In {name} wacht elke wijziging tot iemand in {environment.delivery.title} op Sync drukt, ook de eerste."
        )
    return Step(
        "connect",
        "Het cluster aansluiten",
        text,
        commands=(
            f"git push origin {shlex.quote(str(settings['repository']['branch']))}",
            f"bootstrap/cluster.sh {name}",
            f"bootstrap/cluster.sh {name} --apply",
        ),
        proof="Na een half uur draait alles:",
        proof_command=watch.replace("{toolNamespace}", str(settings["sync"]["namespace"])),
        seen_by=("connected", "workloads/"),
    )


def _exec(environment: Environment, component: str, command: str, options: str = "") -> str:
    """Write a command that runs in a pod of a component; those have the name of their release."""
    workload = next(one.release_name for one in environment.components if one.name == component)
    namespace = environment.namespaces[component]
    return f"kubectl exec {options}--namespace {namespace} deployment/{workload} -- {command}"


def _administrator(environment: Environment) -> Step:
    identity, hosts = environment.settings["identity"], environment.hosts
    known = list(identity.get("administrators", ()))
    text = "Een nieuwe database kent niemand, en door aanmelden komt er niemand bij."
    if known:
        text += " Deze mensen uit het formulier mogen alles, en laten de anderen toe."
        commands: tuple[str, ...] = ()
    else:
        text += " Maak de eerste beheerder, met het e-mailadres waarmee die zich aanmeldt; een wachtwoord is er niet."
        make = f"{_MANAGE} createsuperuser --noinput --username=beheer@voorbeeld.nl --email=beheer@voorbeeld.nl"
        commands = (_exec(environment, "backend", make),)
    return Step(
        "administrator",
        "De eerste beheerder",
        text,
        tuple(known),
        commands,
        f"Die kan zich aanmelden op https://{hosts['frontend']}/manage en op https://{hosts['backend']}/signals/admin/.",
    )


def _categories(environment: Environment) -> Step:
    return Step(
        "categories",
        "Afdelingen en categorieën",
        "De eerste installatie brengt een lijst van categorieën en afdelingen mee. Pas die in de beheerpagina's aan:"
        " zet uit wat de gemeente niet doet, en wijs elke categorie een afdeling toe. Geef daarna medewerkers een rol.",
        (f"https://{environment.hosts['backend']}/signals/admin/",),
        proof="Deze categorieën kiest een inwoner:",
        proof_command=f"curl --fail --silent --show-error https://{environment.hosts['backend']}"
        "/signals/v1/public/terms/categories",
    )


def _areas(environment: Environment) -> Step:
    code = str(environment.settings["municipality"].get("code", ""))
    kinds = ("cbs-gemeente-2022", "cbs-wijk-2022", "cbs-buurt-2022")
    commands = [_exec(environment, "backend", f"{_MANAGE} load_areas {kind}") for kind in kinds]
    commands.append(
        _exec(environment, "backend", f"{_MANAGE} load_cbs_for_municipality --municipal_code={shlex.quote(code)}")
    )
    return Step(
        "areas",
        "Wijken en buurten laden",
        "Uit de kaart van het CBS, die de backend zelf ophaalt; welke jaargangen een release kent, zegt `list_areas`."
        f" De wijken van de gemeente heten daarna {code.lower()}-wijk, de buurten {code.lower()}-buurt.",
        commands=tuple(commands),
        proof="Er zijn wijken:",
        proof_command=f"curl --fail --silent --show-error 'https://{environment.hosts['backend']}"
        f"/signals/v1/public/areas/?type_code={code.lower()}-wijk'",
    )


def _models(environment: Environment) -> Iterator[Step]:
    if "classification" not in environment.enabled:
        return
    address = environment.hosts["classification"]
    load = [
        _exec(environment, "classification", f"sh -c 'cat >/models/{name}'", "--stdin ") + f" <{name}"
        for name in _MODELS
    ]
    workload = next(one.release_name for one in environment.components if one.name == "classification")
    restart = f"kubectl rollout restart --namespace {environment.namespaces['classification']} deployment/{workload}"
    yield Step(
        "models",
        "Modellen van de classificatie",
        "Zet de getrainde modellen op het volume. Zonder raadt de classificatie niets, en kiest een mens de categorie:"
        " Signalen werkt dan wel.",
        commands=(*load, restart),
        proof="Zij raadt een categorie:",
        proof_command=f'curl --fail --silent --show-error --json \'{{"text": "afval op straat"}}\''
        f" https://{address}/signals_mltool/predict",
    )


def _try_it(environment: Environment) -> Step:
    hosts = environment.hosts
    return Step(
        "try",
        "Proberen",
        "Doe zelf een melding, meld u aan als medewerker, en handel haar af. Komt de e-mail aan, en klopt de kaart?",
        (f"melden: https://{hosts['frontend']}/incident", f"afhandelen: https://{hosts['frontend']}/manage"),
        proof="De backend antwoordt, met de database:",
        proof_command=f"curl --fail --silent --show-error https://{hosts['backend']}/status/health",
    )

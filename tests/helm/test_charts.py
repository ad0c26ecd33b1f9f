"""Where charts come from: a folder, the cache, a web server, a registry; and what is refused on the way."""

from __future__ import annotations

import base64
import errno
import gzip
import hashlib
import io
import json
import os
import ssl
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from signalen_toolkit.diagnostics.problems import ProblemsError, UsageError
from signalen_toolkit.helm import program as helm
from signalen_toolkit.helm.charts import archive as chart_archive
from signalen_toolkit.helm.charts import http
from signalen_toolkit.helm.charts import sources as charts
from signalen_toolkit.helm.charts.addresses import Access, DownloadError
from signalen_toolkit.helm.charts.addresses import server as server_of
from signalen_toolkit.helm.charts.archive import ChartError, check_archive
from signalen_toolkit.helm.charts.lock import check_lock, lock_text, read_lock, updated, write_lock
from signalen_toolkit.helm.charts.sources import Chart, Sources, obtain
from signalen_toolkit.helm.options import Options

from tests.conftest import program
from tests.support.chart_server import Server, serving
from tests.support.small_charts import chart_files, member, pack, packed, reference, script, write_chart

PASSWORD = "p4ss/wörd"  # of nothing
CHART_YAML = member("demo/Chart.yaml", b"name: demo\nversion: 1.2.3\n")


def sha256(data: bytes) -> str:
    """Return the digest as the lock has it."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sources:
    """Return sources with an empty cache, that do not wait between tries."""
    monkeypatch.setenv("no_proxy", "*")
    return Sources(tmp_path / "cache", pause=lambda _: None)


# --- a server


@pytest.fixture
def server() -> Iterator[Server]:
    """Give a plain HTTP server, which is only taken on this computer."""
    with serving() as one:
        yield one


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return a certificate for 127.0.0.1 of nobody's authority, and its key."""
    folder = tmp_path_factory.mktemp("certificate")
    certificate, key = folder / "ca.pem", folder / "key.pem"
    command = [program("openssl", "openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-subj", "/CN=charts", "-addext", "subjectAltName=IP:127.0.0.1"]
    command += ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return certificate, key


@pytest.fixture
def secure(certificate: tuple[Path, Path]) -> Iterator[Server]:
    """Give a server with that certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    with serving(context) as one:
        yield one


# --- a folder that is given


def test_a_package_in_the_folder(sources: Sources, tmp_path: Path) -> None:
    (tmp_path / "demo-1.2.3.tgz").write_bytes(packed())
    chart = obtain(reference(), replace(sources, folder=tmp_path))
    assert (chart.path, chart.digest) == (tmp_path / "demo-1.2.3.tgz", sha256(packed()))
    assert not chart.is_folder
    assert not sources.cache.exists()


@pytest.mark.parametrize("name", ["demo", "demo-1.2.3"])
def test_an_unpacked_chart_in_the_folder(name: str, sources: Sources, tmp_path: Path) -> None:
    folder = write_chart(tmp_path / "made", chart_files()).rename(tmp_path / name)
    first = obtain(reference(), replace(sources, folder=tmp_path))
    assert first.path == folder
    assert first.is_folder
    (folder / "inside").symlink_to("values.yaml")
    second = obtain(reference(), replace(sources, folder=tmp_path))
    (folder / "values.yaml").write_text("text: other\n")
    third = obtain(reference(), replace(sources, folder=tmp_path))
    assert len({first.digest, second.digest, third.digest}) == 3
    assert all(chart.digest.startswith("sha256:") for chart in (first, second, third))


def test_a_digest_does_not_confuse_names_and_contents(tmp_path: Path) -> None:
    one = write_chart(tmp_path / "1", {**chart_files(), "demo/a": "bc", "demo/d": ""})
    two = write_chart(tmp_path / "2", {**chart_files(), "demo/a": "b", "demo/cd": ""})
    digests = {chart_archive.check_folder(folder, "demo", "1.2.3") for folder in (one, two)}
    assert len(digests) == 2


def test_a_folder_with_another_version_is_passed_by(sources: Sources, tmp_path: Path) -> None:
    write_chart(tmp_path, chart_files(version="9.9.9"))
    with pytest.raises(ChartError, match="is not at hand"):
        obtain(reference(), replace(sources, folder=tmp_path, offline=True))


@pytest.mark.parametrize("link", ["/etc/passwd", "../../outside", "nowhere", "circle"])
def test_a_link_out_of_the_folder_is_refused(link: str, sources: Sources, tmp_path: Path) -> None:
    folder = write_chart(tmp_path, chart_files())
    (tmp_path.parent / "outside").write_text("")
    (folder / "circle").symlink_to(link)
    with pytest.raises(ChartError, match="a link that leads out of it or nowhere: circle"):
        obtain(reference(), replace(sources, folder=tmp_path))


def test_a_folder_with_something_else_than_files(sources: Sources, tmp_path: Path) -> None:
    os.mkfifo(write_chart(tmp_path, chart_files()) / "pipe")
    with pytest.raises(ChartError, match="not a file: pipe"):
        obtain(reference(), replace(sources, folder=tmp_path))


def test_a_wrong_package_in_the_folder_is_named(sources: Sources, tmp_path: Path) -> None:
    (tmp_path / "demo-1.2.3.tgz").write_bytes(packed(chart_files(version="1.2.4")))
    with pytest.raises(ChartError, match=r"demo-1.2.3.tgz: this is demo 1.2.4, not demo 1.2.3"):
        obtain(reference(), replace(sources, folder=tmp_path))
    with pytest.raises(UsageError, match="there is no such folder"):
        obtain(reference(), replace(sources, folder=tmp_path / "none"))


@pytest.mark.parametrize(
    ("name", "version"), [("../x", "1.0.0"), ("", "1.0.0"), ("x", ">=1"), ("x", "1/../.."), ("x", "")]
)
def test_strange_names_and_versions(name: str, version: str, sources: Sources) -> None:
    with pytest.raises(ChartError, match="is not the"):
        obtain(reference(name, version), sources)


# --- archives


def bomb(size: int) -> bytes:
    """Return an archive with this many bytes of nothing in files."""
    part = b"\0" * chart_archive._LARGEST_FILE
    return pack(CHART_YAML, *(member(f"demo/{number}", part) for number in range(size // len(part) + 1)))


def sparse() -> bytes:
    """Return an archive with a file that says to be huge and is mostly holes."""
    info, _ = member("demo/holes", b"")
    info.type = tarfile.GNUTYPE_SPARSE
    return pack(CHART_YAML, (info, b""))


BAD_ARCHIVES: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty": (lambda: b"", "damaged"),
    "text": (lambda: b"<html>not found</html>", "damaged"),
    "gzip of nothing": (lambda: gzip.compress(b""), "damaged|no demo/Chart.yaml"),
    "gzip of text": (lambda: gzip.compress(b"hello" * 500), "damaged"),
    "cut off": (lambda: packed()[:-30], "damaged"),
    "a wrong checksum": (lambda: packed()[:-6] + b"\0\1\2\3\4\5", "damaged"),
    "no Chart.yaml": (lambda: pack(member("demo/values.yaml", b"a: 1")), "no demo/Chart.yaml"),
    "Chart.yaml is a folder": (lambda: pack(member("demo/Chart.yaml", kind=tarfile.DIRTYPE)), "no demo/Chart.yaml"),
    "traversal": (lambda: pack(CHART_YAML, member("demo/../../x", b"x")), "leads out of its folder"),
    "absolute": (lambda: pack(CHART_YAML, member("/etc/x", b"x")), "a name that no chart has"),
    "drive": (lambda: pack(CHART_YAML, member("C:/x", b"x")), "a name that no chart has"),
    "backslash": (lambda: pack(CHART_YAML, member("demo\\..\\x", b"x")), "a name that no chart has"),
    "control character": (lambda: pack(CHART_YAML, member("demo/\x1b[2J", b"x")), "a name that no chart has"),
    "outside": (lambda: pack(CHART_YAML, member("other/x", b"x")), "outside the folder demo/"),
    "top is a file": (lambda: pack(member("demo", b"x")), "outside the folder demo/"),
    "symlink": (lambda: pack(CHART_YAML, member("demo/x", kind=tarfile.SYMTYPE, link="/etc")), "a link"),
    "hard link": (lambda: pack(CHART_YAML, member("demo/x", kind=tarfile.LNKTYPE, link="/etc/passwd")), "a link"),
    "device": (lambda: pack(CHART_YAML, member("demo/x", kind=tarfile.CHRTYPE)), "not a file"),
    "pipe": (lambda: pack(CHART_YAML, member("demo/x", kind=tarfile.FIFOTYPE)), "not a file"),
    "sparse": (sparse, "not a file|damaged"),
    "twice": (lambda: pack(CHART_YAML, CHART_YAML), "twice"),
    "large file": (lambda: pack(CHART_YAML, member("demo/x", b"\0" * (5 * 2**20 + 1))), "larger than 5 MiB"),
    "gzip bomb": (lambda: bomb(100 * 2**20), "larger than 100 MiB when it is unpacked"),
    "many files": (lambda: pack(CHART_YAML, *(member(f"demo/{n}") for n in range(10_000))), "more than 10000 files"),
    "another chart": (lambda: pack(member("demo/Chart.yaml", b"name: x\nversion: 1.2.3\n")), "the chart x, not demo"),
    "another version": (lambda: pack(member("demo/Chart.yaml", b"name: demo\nversion: 2.0.0\n")), "this is demo 2.0.0"),
    "no name": (lambda: pack(member("demo/Chart.yaml", b"version: 1.2.3\n")), "not demo"),
    "no version": (lambda: pack(member("demo/Chart.yaml", b"name: demo\n")), "not demo 1.2.3"),
    "not YAML": (lambda: pack(member("demo/Chart.yaml", b"{{{")), "Chart.yaml of demo cannot be read"),
    "a list": (lambda: pack(member("demo/Chart.yaml", b"- a\n")), "Chart.yaml of demo cannot be read"),
    "deep": (lambda: pack(member("demo/Chart.yaml", b"[" * 500_000)), "Chart.yaml of demo cannot be read"),
    "aliases": (
        lambda: pack(
            member(
                "demo/Chart.yaml",
                b"a0: &a0 [x, x]\n"
                + b"".join(b"a%d: &a%d [%s]\n" % (n, n, b", ".join([b"*a%d" % (n - 1)] * 9)) for n in range(1, 40)),
            )
        ),
        "Chart.yaml of demo cannot be read",
    ),
}


@pytest.mark.parametrize("kind", BAD_ARCHIVES)
def test_archives_that_are_refused(kind: str, sources: Sources, server: Server) -> None:
    """Each of them comes from a repository, and leaves nothing behind."""
    make, message = BAD_ARCHIVES[kind]
    server.repository(make())
    with pytest.raises(ChartError, match=message) as caught:
        obtain(reference(repository=server.url), sources)
    assert f"the chart demo 1.2.3 of {server.url} is refused: " in str(caught.value)
    assert str(caught.value).isprintable()
    assert not [path for path in sources.cache.rglob("*") if path.is_file()]


def test_archives_that_are_fine() -> None:
    headers = io.BytesIO()
    with tarfile.open(fileobj=headers, mode="w:gz", format=tarfile.PAX_FORMAT, pax_headers={"comment": "x"}) as archive:
        for info, content in (member("demo", kind=tarfile.DIRTYPE), CHART_YAML, member("demo/" + "ë" * 120, b"x")):
            archive.addfile(info, io.BytesIO(content))
    number = pack(member("demo/Chart.yaml", b"name: demo\nversion: 1.10\n"))
    for data, version in ((headers.getvalue(), "1.2.3"), (headers.getvalue(), "v1.2.3"), (number, "1.10")):
        check_archive(io.BytesIO(data), "demo", version)


# --- repositories


def test_fetched_once_and_kept(sources: Sources, server: Server) -> None:
    server.repository(packed())
    reports: list[str] = []
    sources = replace(sources, report=reports.append)
    first = obtain(reference(repository=server.url), sources)
    assert first.digest == sha256(packed())
    assert first.path.read_bytes() == packed()
    assert reports == [f"fetching the chart demo 1.2.3 from {server.url}"]
    asked = len(server.asked)
    again = replace(sources, offline=True, indexes={})
    assert obtain(reference(repository=server.url), again) == first
    assert obtain(reference(repository=f"{server.url}/"), again).path == first.path
    assert len(server.asked) == asked == 2


def test_the_index_is_read_once_also_where_it_cannot_be(sources: Sources, server: Server) -> None:
    for name in ("demo", "other"):
        with pytest.raises(ChartError, match=r"there is nothing at .*/index.yaml \(HTTP 404\)"):
            obtain(reference(name, repository=server.url), sources)
    assert len(server.asked) == 1


def test_a_server_that_stumbles_is_asked_again(sources: Sources, server: Server) -> None:
    server.repository(packed())
    server.answers["/index.yaml"].insert(0, (500, b"", {}))
    server.put("/demo-1.2.3.tgz", 503, 429, packed())
    pauses: list[float] = []
    assert obtain(reference(repository=server.url), replace(sources, pause=pauses.append)).digest == sha256(packed())
    assert pauses == [1.0, 1.0, 2.0]


def test_a_server_that_stays_down(sources: Sources, server: Server) -> None:
    server.put("/index.yaml", 502)
    with pytest.raises(ChartError, match=r"HTTP 502\) \(tried 3 times\); without a network: put demo-1.2.3.tgz"):
        obtain(reference(repository=server.url), sources)
    assert len(server.asked) == 3


def test_an_answer_that_is_broken_off(sources: Sources, server: Server) -> None:
    server.repository(packed())
    server.put("/demo-1.2.3.tgz", packed()[:50], Content_Length="999")
    with pytest.raises(ChartError, match=r"broken off|cannot be understood"):
        obtain(reference(repository=server.url), sources)
    assert [path for path, _ in server.asked].count("/demo-1.2.3.tgz") == 3


def test_nobody_answers(sources: Sources) -> None:
    with serving() as server:
        url = server.url
    with pytest.raises(ChartError, match=r"127.0.0.1 cannot be reached: .* --charts DIR"):
        obtain(reference(repository=url), sources)


def test_an_answer_without_end(sources: Sources, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.repository(packed())
    monkeypatch.setattr(charts, "LARGEST_ARCHIVE", 100)
    with pytest.raises(ChartError, match="is larger than 0 MiB"):
        obtain(reference(repository=server.url), sources)


def test_offline(sources: Sources) -> None:
    with pytest.raises(ChartError) as caught:
        obtain(reference(), replace(sources, offline=True))
    assert str(caught.value) == (
        "the chart demo 1.2.3 of https://charts.example.nl/ is not at hand, and nothing is fetched:"
        " put demo-1.2.3.tgz in a folder and give that with --charts DIR"
    )


def test_a_digest_that_differs_from_the_index(sources: Sources, server: Server) -> None:
    server.repository(packed(), digest="0" * 64)
    with pytest.raises(
        ChartError, match=f"its digest is {sha256(packed())}, and the repository's index says sha256:0000"
    ):
        obtain(reference(repository=server.url), sources)
    assert not sources.cache.exists()


@pytest.mark.parametrize(
    ("index", "message"),
    [
        (b"[", "not YAML"),
        (b"[" * 10_000, "not YAML|no entries"),
        (b"<html>", "has no entries"),
        (b"entries: []", "has no entries"),
        (b"entries: {}", "has no chart demo"),
        (b"entries: {demo: [x]}", "has no chart demo"),
        (b"entries: {demo: [{version: 1.2.3}]}", "names no address"),
        (
            b"entries: {demo: [{version: 1}, {version: 2}, {version: 3}, {version: 4}]}",
            "no such version; it has 1, 2, 3, …",
        ),
        (b"entries: {demo: [{version: 1.2.3, urls: ['file:///etc/passwd']}]}", "only https:// is safe"),
        (b"entries: {demo: [{version: 1.2.3, urls: ['http://example.nl/x']}]}", "only https:// is safe"),
        (b"entries: {demo: [{version: 1.2.3, urls: ['https://[x']}]}", "names an address for it that is none"),
    ],
)
def test_strange_indexes(index: bytes, message: str, sources: Sources, server: Server) -> None:
    server.put("/index.yaml", index)
    with pytest.raises(ChartError, match=message):
        obtain(reference(repository=server.url), sources)


@pytest.mark.parametrize(
    "url", ["http://charts.example.nl", "file:///charts", "ftp://x.nl", "charts", "", "https://", "https://[x"]
)
def test_addresses_that_are_not_safe(url: str, sources: Sources) -> None:
    with pytest.raises(ChartError, match=r"only https:// is safe|is not an address"):
        obtain(reference(repository=url), sources)


def test_a_redirect_to_plain_http_is_not_followed(sources: Sources, server: Server) -> None:
    server.put("/index.yaml", 302, Location="http://example.nl/index.yaml")
    with pytest.raises(ChartError, match=r"http://example.nl/index.yaml is not fetched: only https:// is safe"):
        obtain(reference(repository=server.url), sources)


# --- secrets and certificates


def known(*addresses: str) -> Access:
    """Return whom we are, for the servers at these addresses."""
    return Access("user", PASSWORD, frozenset(map(server_of, addresses)))


def test_a_server_that_only_the_repository_names_does_not_learn_who_we_are(sources: Sources, server: Server) -> None:
    server.repository(packed())
    for hosts in (frozenset[str](), frozenset({"charts.example.nl", "127.0.0.1", f"x{server_of(server.url)}"})):
        sources = replace(sources, access=Access("user", PASSWORD, hosts), cache=sources.cache / "x", indexes={})
        obtain(reference(repository=server.url), sources)
    assert {login for _, login in server.asked} == {""}
    server.put("/index.yaml", 401)
    with pytest.raises(ChartError, match=f"if this is one, name it: SIGNALEN_CHART_HOSTS={server_of(server.url)}"):
        obtain(reference(version="2.0.0", repository=server.url), replace(sources, indexes={}))
    assert {login for _, login in server.asked} == {""}


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://Charts.Example.NL/x", "charts.example.nl"),
        ("https://charts.example.nl:443", "charts.example.nl"),
        ("https://charts.example.nl:8443/", "charts.example.nl:8443"),
        ("http://127.0.0.1:80/", "127.0.0.1"),
        ("http://127.0.0.1:443/", "127.0.0.1:443"),
        ("oci://registry.example.nl/team", "registry.example.nl"),
        ("oci://registry.example.nl:5000/team", "registry.example.nl:5000"),
        ("https://charts.example.nl.evil.example", "charts.example.nl.evil.example"),
        ("https://evil.example/charts.example.nl", "evil.example"),
        ("https://evil.example?charts.example.nl", "evil.example"),
        ("https://[x", ""),
    ],
)
def test_how_a_server_is_named(url: str, name: str) -> None:
    assert server_of(url) == name
    assert Access("user", PASSWORD, frozenset({name})).is_for(url)
    assert not Access("", "", frozenset({name})).is_for(url)
    assert not Access("user", PASSWORD, frozenset({"charts.other.nl", ""} - {name})).is_for(url)


def test_user_and_password_go_to_their_server_alone(sources: Sources, server: Server) -> None:
    sources = replace(sources, access=known(server.url))
    with serving() as other:
        other.repository(packed())
        server.repository(packed(), url="moved")
        server.put("/moved", 302, Location=f"{other.url}/demo-1.2.3.tgz?token=t0ken")
        assert obtain(reference(repository=server.url), sources).digest == sha256(packed())
        expected = "Basic " + base64.b64encode(f"user:{PASSWORD}".encode()).decode()
        assert server.asked == [("/index.yaml", expected), ("/moved", expected)]
        assert other.asked == [("/demo-1.2.3.tgz", "")]
        server.repository(packed(), url=f"{other.url}/demo-1.2.3.tgz")
        obtain(reference(repository=server.url), replace(sources, cache=sources.cache / "2", indexes={}))
        assert other.asked[-1] == ("/demo-1.2.3.tgz", "")


@pytest.mark.parametrize("code", [401, 403])
def test_a_password_is_not_in_messages(code: int, sources: Sources, server: Server) -> None:
    server.put("/index.yaml", code)
    with pytest.raises(ChartError, match="set SIGNALEN_CHART_USER and SIGNALEN_CHART_PASSWORD"):
        obtain(reference(repository=server.url), sources)
    sources = replace(sources, access=known(server.url), indexes={})
    with pytest.raises(ChartError, match="in SIGNALEN_CHART_USER and SIGNALEN_CHART_PASSWORD wrong") as caught:
        obtain(reference(repository=server.url), sources)
    assert PASSWORD not in str(caught.value)
    assert PASSWORD not in repr(sources)


def test_a_password_in_an_address_is_refused_and_not_shown(sources: Sources) -> None:
    for url in ("https://user:s3cret@charts.example.nl", "oci://user:s3cret@charts.example.nl/x"):
        with pytest.raises(ChartError, match="SIGNALEN_CHART_USER") as caught:
            obtain(reference(repository=url), replace(sources, helm=lambda: Path("/none")))
        assert "s3cret" not in str(caught.value)


def test_a_private_authority(sources: Sources, secure: Server, certificate: tuple[Path, Path]) -> None:
    secure.repository(packed())
    with pytest.raises(ChartError, match=r"certificate of 127.0.0.1 is not trusted: .*SIGNALEN_CHART_CA_FILE"):
        obtain(reference(repository=secure.url), sources)
    sources = replace(sources, access=Access(ca_file=certificate[0]), indexes={})
    assert obtain(reference(repository=secure.url), sources).digest == sha256(packed())


def test_a_certificate_for_another_host(sources: Sources, secure: Server, certificate: tuple[Path, Path]) -> None:
    sources = replace(sources, access=Access(ca_file=certificate[0]))
    with pytest.raises(ChartError, match="certificate of localhost is not trusted"):
        obtain(reference(repository=secure.url.replace("127.0.0.1", "localhost")), sources)


def test_a_file_that_holds_no_certificate(sources: Sources, tmp_path: Path) -> None:
    for content, message in (("hello", "no certificate in PEM"), (None, "No such file")):
        path = tmp_path / "ca.pem"
        path.unlink(missing_ok=True)
        if content is not None:
            path.write_text(content)
        with pytest.raises(UsageError, match=message):
            obtain(reference(), replace(sources, access=Access(ca_file=path)))


def test_access_from_the_environment() -> None:
    given = {"SIGNALEN_CHART_USER": "u", "SIGNALEN_CHART_PASSWORD": PASSWORD, "SIGNALEN_CHART_CA_FILE": "/ca.pem"}
    assert charts.access(given) == Access("u", PASSWORD, ca_file=Path("/ca.pem"))
    named = charts.access({**given, "SIGNALEN_CHART_HOSTS": "Charts.Example.nl, 127.0.0.1:80 registry.example.nl:5000"})
    assert named.hosts == {"charts.example.nl", "127.0.0.1:80", "registry.example.nl:5000"}
    assert charts.access({}) == Access()


def test_downloads_refuse_what_has_no_address() -> None:
    with pytest.raises(DownloadError):
        http.fetch("https://", Access(), limit=1)


# --- registries


class Registry:
    """What a registry answers for one chart."""

    def __init__(self, server: Server, package: bytes) -> None:
        config = b'{"name": "demo", "version": "1.2.3"}'
        kinds = {"config.v1+json": config, "chart.content.v1.tar+gzip": package}
        blobs = [
            {"mediaType": f"application/vnd.cncf.helm.{kind}", "digest": sha256(data), "size": len(data)}
            for kind, data in kinds.items()
        ]
        manifest_type = "application/vnd.oci.image.manifest.v1+json"
        manifest = json.dumps(
            {"schemaVersion": 2, "mediaType": manifest_type, "config": blobs[0], "layers": blobs[1:]}
        ).encode()
        for tag in ("1.2.3", sha256(manifest)):
            headers = {"Content_Type": manifest_type, "Docker_Content_Digest": sha256(manifest)}
            server.put(f"/v2/team/demo/manifests/{tag}", manifest, **headers)
        for data in kinds.values():
            server.put(f"/v2/team/demo/blobs/{sha256(data)}", data)
        server.put("/v2/team/demo/tags/list", b'{"name": "team/demo", "tags": ["1.2.3"]}')
        self.repository = server.url.replace("http", "oci", 1) + "/team"


def test_from_a_registry_with_the_real_helm(sources: Sources, server: Server) -> None:
    try:
        real = helm.find()
    except UsageError:
        real = Path(program("helm", helm.INSTALL))
    registry = Registry(server, packed())
    chart = obtain(reference(repository=registry.repository), replace(sources, helm=lambda: real))
    assert chart.digest == sha256(packed())


def test_a_password_is_never_on_a_command_line(sources: Sources, tmp_path: Path) -> None:
    """The stand-in for Helm keeps its arguments, environment and the file that it is given."""
    (tmp_path / "chart.tgz").write_bytes(packed())
    text = f"""
    printf '%s\\n' "$@" > {tmp_path}/argv; env > {tmp_path}/env
    cp "$HELM_REGISTRY_CONFIG" {tmp_path}/config; stat -c %a "$HELM_REGISTRY_CONFIG" > {tmp_path}/mode
    stat -c %a "$(dirname "$HELM_REGISTRY_CONFIG")" >> {tmp_path}/mode
    for last; do :; done
    cp {tmp_path}/chart.tgz "$(sed -n '/--destination/{{n;p}}' {tmp_path}/argv)/demo-1.2.3.tgz"
    """
    fake = script(tmp_path / "helm", text)
    there = reference(repository="oci://registry.example.nl:5000/team")
    sources = replace(sources, access=known(there.repository), helm=lambda: fake)
    assert obtain(there, sources).digest == sha256(packed())
    pair = base64.b64encode(f"user:{PASSWORD}".encode()).decode()
    for name in ("argv", "env"):
        content = (tmp_path / name).read_text()
        assert PASSWORD not in content
        assert pair not in content
    argv = (tmp_path / "argv").read_text().split()
    assert argv[:2] == ["pull", "--version=1.2.3"]
    assert argv[-2:] == ["--", "oci://registry.example.nl:5000/team/demo"]
    assert json.loads((tmp_path / "config").read_text()) == {"auths": {"registry.example.nl:5000": {"auth": pair}}}
    assert (tmp_path / "mode").read_text().split() == ["600", "700"]
    config = next(line for line in (tmp_path / "env").read_text().splitlines() if "REGISTRY_CONFIG" in line)
    assert not Path(config.split("=")[1]).exists()
    # One that nobody named does not learn it.
    sources = replace(sources, access=known("oci://registry.example.nl/team"), cache=sources.cache / "2")
    obtain(there, sources)
    assert json.loads((tmp_path / "config").read_text()) == {"auths": {}}


@pytest.mark.parametrize(
    ("text", "message", "tries"),
    [
        (f"echo 'Error: denied {PASSWORD}' >&2; exit 1", r"denied \*\*\*: is the user name", 1),
        ("echo 'Error: dial tcp: i/o timeout' >&2; exit 1", "i/o timeout", 3),
        ("exit 4", "exit code 4", 1),
        ("exit 0", "helm fetched nothing", 1),
        ("kill -KILL $$", "killed by SIGKILL", 1),
        ("yes", "printed without end", 1),
    ],
)
def test_a_registry_that_refuses(text: str, message: str, tries: int, sources: Sources, tmp_path: Path) -> None:
    fake = script(tmp_path / "helm", f"echo x >> {tmp_path}/count\n{text}")
    sources = replace(sources, access=known("oci://registry.example.nl"), helm=lambda: fake)
    with pytest.raises(ChartError, match=message) as caught:
        obtain(reference(repository="oci://registry.example.nl/team"), sources)
    assert PASSWORD not in str(caught.value)
    assert len((tmp_path / "count").read_text().splitlines()) == tries


# --- the cache


def test_where_the_cache_is() -> None:
    assert Options(variables={"XDG_CACHE_HOME": "/x"}).cache() == Path("/x/signalen/charts")
    assert Options(variables={"XDG_CACHE_HOME": "relative"}).cache() == Path.home() / ".cache/signalen/charts"


def test_a_damaged_file_in_the_cache_is_fetched_again(sources: Sources, server: Server) -> None:
    server.repository(packed())
    path = obtain(reference(repository=server.url), sources).path
    path.write_bytes(b"damaged")
    reports: list[str] = []
    chart = obtain(reference(repository=server.url), replace(sources, report=reports.append))
    assert chart.path.read_bytes() == packed()
    assert f"{path} was damaged; it is fetched again" in reports


def test_the_lock_chooses_between_two_packages_of_one_version(sources: Sources, server: Server) -> None:
    one = reference(repository=server.url)
    packages = [packed(), packed({**chart_files(), "demo/more": "x"})]
    for package in packages:
        server.repository(package)
        obtain(one, replace(sources, indexes={}, locked={one: sha256(package)}))
    for package in packages:
        locked = replace(sources, offline=True, locked={one: sha256(package)})
        assert obtain(one, locked).digest == sha256(package)
    assert obtain(one, replace(sources, offline=True)).digest == sha256(packages[1])


def test_a_full_disk_leaves_nothing(sources: Sources, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.repository(packed())

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ChartError, match="No space left on device; XDG_CACHE_HOME names another folder"):
        obtain(reference(repository=server.url), sources)
    assert not [path for path in sources.cache.rglob("*") if path.is_file()]


def test_what_killed_processes_left_is_cleared_away(sources: Sources, server: Server) -> None:
    server.repository(packed())
    folder = obtain(reference(repository=server.url), sources).path.parent
    for path in folder.glob("*.tgz"):
        path.unlink()
    old, young = folder / ".old.new", folder / ".young.new"
    for path in (old, young):
        path.write_text("half")
    os.utime(old, (0, 0))
    obtain(reference(repository=server.url), sources)
    assert not old.exists()
    assert young.exists()


def test_two_processes_fill_one_cache(sources: Sources, server: Server) -> None:
    server.repository(packed())
    code = (
        "import sys; from pathlib import Path; from signalen_toolkit.helm.charts.sources import Sources, obtain;"
        "from signalen_toolkit.helm.rendered_tree import ChartReference as R;"
        "print(obtain(R(sys.argv[1], 'demo', '1.2.3'), Sources(Path(sys.argv[2]))).digest)"
    )
    command = [sys.executable, "-c", code, server.url, str(sources.cache)]
    environment = {**os.environ, "no_proxy": "*"}
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) for _ in range(3)]
    assert {process.communicate(timeout=60)[0].strip() for process in running} == {sha256(packed())}
    assert [path.suffix for path in sources.cache.rglob("*") if path.is_file()] == [".tgz"]


# --- the lock


def chart(digest: str = "1", version: str = "1.2.3") -> Chart:
    """Return a chart that nobody looks into."""
    return Chart(reference(version=version), Path("/none.tgz"), f"sha256:{digest * 64}")


def test_a_lock_is_written_and_read(tmp_path: Path) -> None:
    path = tmp_path / "charts.lock"
    assert read_lock(tmp_path) == {}
    assert not write_lock(tmp_path, {}, {})
    entries = updated({}, [chart("2", "1.3.0"), chart()])
    assert write_lock(tmp_path, entries, {})
    assert not write_lock(tmp_path, dict(reversed(entries.items())), {})
    assert read_lock(tmp_path) == entries
    assert path.read_text().startswith("# Written by `signalen verify`")
    assert path.read_text().endswith(
        'charts:\n  - repository: "https://charts.example.nl/"\n    name: "demo"\n    version: "1.2.3"\n'
        f'    digest: "sha256:{"1" * 64}"\n'
        '  - repository: "https://charts.example.nl/"\n    name: "demo"\n    version: "1.3.0"\n'
        f'    digest: "sha256:{"2" * 64}"\n'
    )
    assert [one.name for one in tmp_path.iterdir()] == ["charts.lock"]
    with pytest.raises(UsageError, match=r"charts\.lock was changed in the meantime"):
        write_lock(tmp_path, {}, updated({}, [chart()]))
    assert write_lock(tmp_path, {}, entries)
    assert read_lock(tmp_path) == {}


def test_new_charts_come_and_old_ones_go() -> None:
    before = updated({}, [chart("1", "1.0.0"), chart("2", "2.0.0")])
    after = updated(before, [chart("9", "2.0.0"), chart("3", "3.0.0")])
    assert {one.version: digest[7] for one, digest in after.items()} == {"2.0.0": "2", "3.0.0": "3"}


def test_another_digest_is_a_problem() -> None:
    entries = updated({}, [chart()])
    assert check_lock(entries, chart()) is None
    assert check_lock({}, chart()) is None
    problem = check_lock(entries, chart("2"))
    assert problem is not None
    assert f"sha256:{'1' * 64}" in problem.message
    assert f"sha256:{'2' * 64}" in problem.message
    assert problem.source[problem.column - 1 : problem.end_column - 1] == f'"sha256:{"1" * 64}"'
    assert lock_text(entries).splitlines()[problem.line - 1] == problem.source


def test_a_digest_that_two_charts_have_is_found_at_its_own(tmp_path: Path) -> None:
    entries = updated({}, [chart("1", "1.0.0"), chart("1", "2.0.0")])
    lines = []
    for version in ("1.0.0", "2.0.0"):
        problem = check_lock(entries, chart("2", version))
        assert problem is not None
        lines.append(problem.line)
    assert lines[1] - lines[0] == len(("repository", "name", "version", "digest"))


def test_a_chart_somebody_works_on_is_not_compared(tmp_path: Path) -> None:
    entries = updated({}, [chart()])
    folder = replace(chart("2"), path=tmp_path)
    assert check_lock(entries, folder) is None
    assert updated({}, [folder]) == {}
    assert updated(entries, [folder]) == entries


@pytest.mark.parametrize(
    "text",
    ["", "[", "charts: 1", "charts: [1]", "charts: [{name: x}]", "<<<<<<< ours\ncharts: []", "a: &a [*a]"]
    + [f"charts: [{{repository: a, name: b, version: c, digest: {digest}}}]" for digest in ("1", "sha256:12")],
)
def test_a_lock_that_is_none(text: str, tmp_path: Path) -> None:
    (tmp_path / "charts.lock").write_text(text)
    with pytest.raises(ProblemsError) as caught:
        read_lock(tmp_path)
    assert caught.value.problems
    assert all(problem.file == "charts.lock" for problem in caught.value.problems)


def test_a_full_disk_leaves_the_old_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "charts.lock"
    locked = updated({}, [chart()])
    write_lock(tmp_path, locked, {})
    before = path.read_text()

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_lock(tmp_path, updated({}, [chart("2")]), locked)
    assert path.read_text() == before
    assert [one.name for one in tmp_path.iterdir()] == ["charts.lock"]

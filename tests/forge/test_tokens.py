"""A token goes to the server that it is named after, and to no other."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from signalen_toolkit.forge.at import forge_at
from signalen_toolkit.forge.azure import Azure
from signalen_toolkit.forge.gitea import Gitea
from signalen_toolkit.forge.github import GitHub
from signalen_toolkit.forge.gitlab import GitLab
from signalen_toolkit.forge.tokens import git_settings, token_of, variable

LABEL = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,6}[a-z0-9])?", fullmatch=True)
HOST = st.lists(LABEL, min_size=2, max_size=4).map(".".join)
PORT = st.one_of(st.just(""), st.integers(1, 65535).map(lambda one: f":{one}"))


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://github.com/bosch/signalen.git", "SIGNALEN_TOKEN_GITHUB_COM"),
        ("https://GitHub.com/bosch/signalen", "SIGNALEN_TOKEN_GITHUB_COM"),
        ("git@git.example.nl:bosch/signalen.git", "SIGNALEN_TOKEN_GIT_EXAMPLE_NL"),
        ("ssh://git@my-git.example.nl:2222/bosch/signalen.git", "SIGNALEN_TOKEN_MY__GIT_EXAMPLE_NL"),
        ("https://git.example.nl:8443/bosch/signalen.git", "SIGNALEN_TOKEN_GIT_EXAMPLE_NL_8443"),
        ("https://org.visualstudio.com/project/_git/repo", "SIGNALEN_TOKEN_DEV_AZURE_COM"),
        ("http://127.0.0.1:8080/a/b.git", "SIGNALEN_TOKEN_127_0_0_1_8080"),
        # Over a network that anybody may listen to, and where nobody knows whose server it is.
        ("http://git.example.nl/a/b.git", ""),
        ("file:///srv/a.git", ""),
        ("/srv/a.git", ""),
        ("https://", ""),
        ("https://a..b/c/d.git", ""),
        ("https://a_b.nl/c/d.git", ""),
    ],
)
def test_the_variable_is_named_after_the_server(url: str, name: str) -> None:
    assert variable(url) == name


@given(HOST, PORT, HOST, PORT)
def test_two_servers_never_have_one_name(one: str, port: str, other: str, other_port: str) -> None:
    names = [variable(f"https://{host}/a/b.git") for host in (one + port, other + other_port)]
    if names[0] and names[0] == names[1]:
        assert (one + port).lower() == (other + other_port).lower()


@given(st.text())
def test_no_address_gets_a_token_that_is_not_its_own(url: str) -> None:
    given_ = {"SIGNALEN_TOKEN_": "no", "SIGNALEN_TOKEN_GITHUB_COM": "secret"}
    if token_of(url, given_):
        assert variable(url) == "SIGNALEN_TOKEN_GITHUB_COM" and "github.com" in url.lower()


def test_git_shows_it_to_that_server_alone() -> None:
    given_ = {"SIGNALEN_TOKEN_GITHUB_COM": "secret"}
    found = git_settings("https://me@github.com/bosch/signalen.git", given_)
    login = base64.b64encode(b"x-access-token:secret").decode()
    assert found == {
        "http.https://github.com/.extraHeader": f"Authorization: Basic {login}",
        "http.followRedirects": "false",
    }
    assert git_settings("git@github.com:bosch/signalen.git", given_) == {}
    assert git_settings("https://github.com.evil.nl/bosch/signalen.git", given_) == {}


@pytest.mark.parametrize(
    ("url", "host", "kind", "address"),
    [
        ("https://github.com/a/b.git", "", GitHub, "https://api.github.com/repos/a/b"),
        ("git@ghe.example.nl:a/b.git", "github", GitHub, "https://ghe.example.nl/api/v3/repos/a/b"),
        ("https://gitlab.com/a/c/b.git", "", GitLab, "https://gitlab.com/api/v4/projects/a%2Fc%2Fb"),
        ("https://codeberg.org/a/b.git", "", Gitea, "https://codeberg.org/api/v1/repos/a/b"),
        ("https://git.example.nl/a/b.git", "gitea", Gitea, "https://git.example.nl/api/v1/repos/a/b"),
    ],
)
def test_the_api_follows_from_the_address_and_the_kind(url: str, host: str, kind: type, address: str) -> None:
    found = forge_at(url, host, {variable(url): "secret"})
    assert isinstance(found, kind) and getattr(found, "address", "") == address
    assert "secret" not in repr(found)
    assert forge_at(url, host, {}) is None


def test_the_api_of_azure_is_that_of_the_project() -> None:
    found = forge_at("git@ssh.dev.azure.com:v3/org/the%20project/repo", "azure", {"SIGNALEN_TOKEN_DEV_AZURE_COM": "x"})
    assert isinstance(found, Azure)
    assert (found.project, found.repository) == ("https://dev.azure.com/org/the%20project", "repo")
    assert found.web == "https://dev.azure.com/org/the%20project/_git/repo"

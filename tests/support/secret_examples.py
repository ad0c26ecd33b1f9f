"""One example of each shape that a secret has: the list that every output of every command is tried with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import yaml

Make = Callable[[str], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Example:
    """Data with a secret in it, and the secret: letters and digits that stand nowhere else."""

    name: str
    secret: str
    data: dict[str, Any]

    @property
    def text(self) -> str:
        """The data as YAML."""
        return str(yaml.safe_dump(self.data, width=2**20, allow_unicode=True))

    def is_in(self, text: str) -> bool:
        """Tell whether a text shows the secret, or the begin of it."""
        return self.secret[:10].casefold() in text.casefold()


def _text(template: str) -> Make:
    return lambda secret: {"note": template % secret}


def _named(name: str) -> Make:
    return lambda secret: {name: secret}


def _words(*words: str) -> Make:
    return lambda secret: {"args": [word % secret if "%s" in word else word for word in words]}


_SHAPES: Final[dict[str, Make]] = {
    # By themselves.
    "private-key": _text("-----BEGIN RSA PRIVATE " + "KEY-----\n%s\n-----END RSA PRIVATE KEY-----"),
    "private-key-on-one-line": _text("-----BEGIN PRIVATE " + "KEY-----\\n%s\\n-----END PRIVATE KEY-----"),
    "openssh": _text("-----BEGIN OPENSSH PRIVATE " + "KEY-----\n%s"),
    "pgp": _text("-----BEGIN PGP PRIVATE " + "KEY BLOCK-----\n\n%s\n-----END PGP PRIVATE KEY BLOCK-----"),
    "putty": _text("PuTTY-User-Key-File-3: ssh-rsa\nPrivate-Lines: 1\n%s"),
    "age": _text("AGE-SECRET-KEY-1%s"),
    "azure-account": _text("DefaultEndpointsProtocol=https;AccountName=x;AccountKey=%s;EndpointSuffix=x"),
    "azure-signature": _text("https://x.blob.core.windows.net/y?se=1&sig=%s"),
    "aws": lambda secret: {"note": f"AKIA{secret[:16]}"},
    "jwt": _text("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.%s"),
    "github": _text("ghp_%s"),
    "github-fine": _text("github_pat_%s"),
    "gitlab": _text("glpat-%s"),
    "slack-token": _text("xoxb-%s"),
    "npm": _text("npm_%s"),
    "pypi": _text("pypi-%s"),
    "vault": _text("hvs.%s"),
    "grafana": _text("glsa_%s"),
    "sendgrid": _text("SG.abcdefghijklmnopqrstuv.%s"),
    "stripe": _text("sk_live_%s"),
    "docker-hub": _text("dckr_pat_%s"),
    "address": _text("amqp://user:%s@host/vhost"),
    "sentry": lambda secret: {"note": f"https://{secret.encode().hex()[:32]}@sentry.example.nl/1"},
    "slack": _text("https://hooks.slack.com/services/T0/B0/%s"),
    "teams": _text("https://gemeente.webhook.office.com/webhookb2/%s"),
    "workflows": _text("https://prod-1.westeurope.logic.azure.com:443/workflows/%s/triggers"),
    "discord": _text("https://discord.com/api/webhooks/1/%s"),
    "mattermost": lambda secret: {"note": f"https://chat.example.nl/hooks/{secret.lower()[:26]}"},
    "telegram": _text("https://api.telegram.org/bot1:%s/sendMessage"),
    "bcrypt": lambda secret: {"note": f"$2y$10${(secret * 2)[:53]}"},
    "crypt": _text("$6$salt$%s"),
    "django": _text("pbkdf2_sha256$600000$%s"),
    "connection-string": _text("Server=x;User=y;Password=%s;Encrypt=true"),
    "bearer": _text("curl -H 'X: Bearer %s'"),
    # By the name of a key.
    **{
        name: _named(name)
        for name in (
            "adminPassword",
            "password",
            "passwd",
            "db_pass",
            "bindPW",
            "smtpAuthPassword",
            "clientSecret",
            "client_secret",
            "secretKey",
            "api-key",
            "accessKeyId",
            "secretAccessKey",
            "accountKey",
            "authToken",
            "access_token",
            "credentials",
            "basicAuth",
            "connectionString",
            "erlangCookie",
            "passphrase",
            "privateKey",
            "encryption-key",
            "client-key-data",
            "webhook_url",
            "slack_api_url",
            "service_key",
            ".dockerconfigjson",
            "htpasswd",
            "kubeconfig",
            "id_rsa",
            "Authorization",
            "db.password",
        )
    },
    # By the name of a variable.
    **{
        name: _named(name)
        for name in (
            "DATABASE_PASSWORD",
            "PGPASSWORD",
            "MYSQL_PWD",
            "SECRET_KEY",
            "SECRET_KEY_FALLBACK",
            "AWS_SECRET_ACCESS_KEY",
            "FLOWER_BASIC_AUTH",
            "SENTRY_DSN",
            "SIGMAX_AUTH_TOKEN",
            "AZURE_STORAGE_CONNECTION_STRING",
            "TEAMS_WEBHOOK",
            "RABBITMQ_ERLANG_COOKIE",
            "APIKEY",
        )
    },
    "variable": lambda secret: {"env": [{"name": "DATABASE_PASSWORD", "value": secret}]},
    "variable-turned": lambda secret: {"env": [{"value": secret, "name": "SECRET_KEY"}]},
    "header": lambda secret: {"httpHeaders": [{"name": "Authorization", "value": f"Basic {secret}"}]},
    # Arguments.
    "option": _words("serve", "--admin-password=%s"),
    "option-and-value": _words("serve", "--token", "%s", "--port", "80"),
    "option-within": _words("sh", "-c", "serve --client-secret %s --port 80"),
    "option-quoted": _words("sh", "-c", "serve --password '%s x' --port 80"),
    "assignment": _words("sh", "-c", "PGPASSWORD=%s psql; echo done"),
    "curl-user": _words("curl", "-u", "user:%s", "https://x"),
    "curl-user-within": _words("sh", "-c", "curl --user user:%s https://x"),
    "curl-header": _words("sh", "-c", 'curl -H "Authorization: Bearer %s" https://x'),
    "from-literal": _words("kubectl", "create", "secret", "generic", "x", "--from-literal=any=%s"),
    "mysql": _words("sh", "-c", "mysql --user=root -p%s db"),
    "redis": _words("redis-cli", "-h", "x", "-a", "%s", "ping"),
    "sshpass": _words("sshpass", "-p", "%s", "ssh", "x"),
    "openssl": _words("openssl", "rsa", "-passin", "pass:%s"),
    "ldap": _words("sh", "-c", "ldapsearch -D cn=x -w %s -b dc=x"),
    # In other languages, as a text.
    "query": _text("https://host/wfs?a=b&access_token=%s&c=d"),
    "libpq": _text("host=x password=%s user=y"),
    "json": _text('{"a": 1, "password": "%s", "b": 2}'),
    "json-in-json": _text('{"x": "{\\"password\\": \\"%s\\"}"}'),
    "yaml": _text("clients:\n  - clientSecret: %s\n    name: x\n"),
    "yaml-block": _text("password: |\n  %s\nname: x\n"),
    "toml": _text("[smtp]\npassword = %s with spaces\n"),
    "env-file": _text("A=b\nDATABASE_PASSWORD=%s\n"),
    "xml": _text("<config><password>%s</password></config>"),
    "netrc": _text("machine x login y password %s"),
    "pgpass": _text("db.example.nl:5432:signals:user:%s"),
    "redis-conf": _text("requirepass %s"),
    "nginx": _text('proxy_set_header Authorization "%s";'),
    "variable-in-text": _text("env:\n- name: DATABASE_PASSWORD\n  value: %s\n"),
    # Secrets within something else.
    "secret-in-text": _text("apiVersion: v1\nkind: Secret\nstringData:\n  any: %s\n"),
    "secret-in-values": lambda secret: {"extraObjects": [{"kind": "Secret", "stringData": {"any": secret}}]},
}


def _example(number: int, name: str, make: Make) -> Example:
    secret = f"ZQ{number:03d}X7K" + "K3J9" * 8
    found = secret.encode().hex() if name == "sentry" else secret  # whose keys have the letters of a number
    return Example(name, found, make(secret))


EXAMPLES: Final = tuple(_example(number, *shape) for number, shape in enumerate(_SHAPES.items()))

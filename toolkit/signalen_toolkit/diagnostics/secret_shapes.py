"""What a secret looks like: by itself, or by the name that it goes by. This is the one list of it.

Whatever is printed is held against it (`diagnostics.hiding`), forms and files are refused by it. Hiding is generous:
too much hidden is a nuisance, too little is a leak. Refusing is strict: who is refused something right is stuck.

Every expression takes time that grows with the text and no faster: it begins at something fixed, and what it has
repeated it does not give back.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Final, NamedTuple


class Shape(NamedTuple):
    """A secret that shows by itself: what it is, and an expression of which the group `secret` (or all of it) is it."""

    what: str
    pattern: re.Pattern[str]


PRIVATE_KEY: Final = "a private key"
TOKEN: Final = "a token"  # noqa: S105  # the words for one

# Where a word begins; also behind the letter of an escape, as in a text that is broken.
_B: Final = r"(?:(?<![\w-])|(?<=\\\w))"
# From the documentation of each maker, and as gitleaks and GitHub's secret scanning know them.
_CONTENTS: Final = (
    (PRIVATE_KEY, r"-{4,5} ?BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)? ?-{4,5}"),
    (PRIVATE_KEY, r"PuTTY-User-Key-File-\d"),
    ("a private key of age", r"(?i:AGE-(?:SECRET-KEY|PLUGIN-[A-Z0-9-]{1,40})-1[0-9A-Z]{20,})"),
    ("a key of Azure", r"(?i:(?:AccountKey|SharedAccessKey|SharedAccessSignature)=)(?P<secret>[^;\s\"']+)"),
    ("a signature of Azure", r"[?&]sig=(?P<secret>[\w%+/=-]{20,})"),
    ("a key of AWS", rf"{_B}(?:AKIA|ASIA)[A-Z0-9]{{16}}\b"),
    (TOKEN, rf"{_B}eyJ[\w-]{{8,}}+\.eyJ[\w-]{{8,}}+\.[\w-]{{8,}}"),
    (
        "a token of a Git server",
        _B + r"(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_\w{30,}|gl(?:pat|dt|rt|ft|ptt|cbt)-[\w-]{16,})",
    ),
    (
        "a token of a service",
        (
            _B + r"(?:xox[abeoprs]-[\w-]{10,}|npm_[A-Za-z0-9]{30,}|pypi-[\w-]{30,}|hv[sbr]\.[\w-]{20,}|glsa_\w{20,}"
            r"|SG\.[\w-]{16,64}\.[\w-]{16,}|sk_(?:live|test)_\w{16,}|dckr_pat_[\w-]{20,})"
        ),
    ),
    ("a password in an address", r"://[^\s/@:'\"]{0,200}:(?!\$[({])(?P<secret>[^\s/'\"]+)@"),
    ("a key in an address", r"://(?P<secret>[0-9a-f]{32})@"),
    (
        "the webhook of a channel",
        (
            r"https://(?:hooks\.slack\.com|[\w.-]{1,200}\.webhook\.office\.com|discord(?:app)?\.com/api/webhooks"
            r"|[\w.-]{1,200}\.logic\.azure\.com(?::\d+)?|[\w.-]{1,200}\.powerplatform\.com(?::\d+)?"
            r"|chat\.googleapis\.com/v1/spaces|api\.telegram\.org/bot|[\w.-]{1,200}/hooks(?=/[a-z0-9]{26}\b))"
            r"(?P<secret>/?[^\s\"'<>]+)"
        ),
    ),
    (
        "the hash of a password",
        (
            r"\$2[abxy]\$[0-9]{2}\$[./A-Za-z0-9]{53}|\$(?:[156y]|apr1|argon2(?:id?|d)|scrypt)\$[^\s:'\"]{20,}"
            r"|pbkdf2_sha\d+\$[^\s:'\"]{20,}"
        ),
    ),
    ("a password", r";[ \t]*+(?i:Password|Pwd)[ \t]*+=[ \t]*+(?P<secret>[^;\s]+)"),
    ("a header that signs in", rf"{_B}(?i:Bearer|Basic) +(?=[\w+/.~=-]{{0,400}}[\d=])(?P<secret>[\w+/.~=-]{{16,}})"),
)

# Names of fields, in small letters with dashes: what they end in, as a word of its own or glued to another. A name that
# ends otherwise is more often that of a Secret, or of a key in one (`secretName`, `existingSecret`, `topologyKey`).
_WORDS: Final = (
    r"secret|pass|pwd|dsn|psk|authorization|kubeconfig|id-(?:rsa|ed25519|ecdsa)|(?:slack|teams|discord)(?:-api)?-url"
    r"|(?:service|routing|license|ssh|tls|ca)-key|webhook-url"
)
_GLUED: Final = (
    r"passw(?:or)?ds?|passwd|passphrase|bind-?pw|requirepass|masterauth|htpasswd|pgpass|dockerconfigjson"
    r"|(?:client|shared|app|application|consumer|webhook|hmac|signing|jwt|session|cookie)-?secret"
    r"|token|credentials?|basic-?auth|connection-?string|erlang-?cookie"
    r"|(?:api|access|account|private|secret|encryption|shared|signing|storage|master)-?key(?:-?(?:id|data|pem))?"
    r"|client-?key-?data"
)
# The name of a Secret, under which many things stand that are none.
_NO_WORDS: Final = r"(?:existing|has|use|create|pull|image|tls|key)-secret"
# The same, so strict that it can be refused; folded to letters and digits.
_SURE_FIELDS: Final = frozenset(
    {
        "accesskey",
        "accesskeyid",
        "accountkey",
        "apikey",
        "authtoken",
        "basicauth",
        "bindpw",
        "clientsecret",
        "connectionstring",
        "erlangcookie",
        "passphrase",
        "passwd",
        "privatekey",
        "secretaccesskey",
        "secretkey",
        "sharedkey",
        "token",
    }
)
# Names of variables. What ends so holds an address, a name or a number, and tells more than it hides.
_VARIABLE: Final = (
    r"PASSW|PASSPHRASE|SECRET|TOKEN|CREDENTIAL|BASIC_?AUTH|AUTHORIZATION|CONNECTION_?STRING|WEBHOOK|COOKIE"
    r"|(?:^|_|API|ACCESS|SECRET|PRIVATE)KEYS?(?:_|$)|(?:^|_|SQL)(?:PWD|PASS|DSN|PSK|PAT|AUTH)$"
)
_TELLS: Final = (
    r"(?<!WEBHOOK)_(?:ENDPOINT|URL|URI|HOST|PORT|ENABLED|NAME|FILE|PATH|TTL|LIFETIME|EXPIRES?|EXPIRY|SECONDS|MINUTES"
    r"|LENGTH|TYPE|ALGORITHM)$"
)
_SHORT: Final = 100  # letters of a name that is worth to be remembered
_SURE_VARIABLE: Final = r"(?:^|_)(?:PASSWORD|PASSWD|SECRET|TOKEN|KEY|BASIC_AUTH|CONNECTION_STRING|DSN)$"


@cache
def contents() -> tuple[Shape, ...]:
    """Return the shapes of what is a secret whatever it is called."""
    return tuple(Shape(what, re.compile(pattern)) for what, pattern in _CONTENTS)


def is_secret_field(name: object) -> bool:
    """Tell whether what stands under a key (`adminPassword`, `api-key`, `db.password`) is a secret, one may guess."""
    last = re.split(r"[./]", str(name))[-1]
    dashed = re.sub(r"[_ ]+", "-", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", last)).lower()
    return _field().search(dashed) is not None and _no_field().search(dashed) is None


def is_surely_secret_field(name: object) -> bool:
    """Tell whether what stands under a key is a secret without a doubt."""
    folded = fold(name)
    return folded in _SURE_FIELDS or folded.endswith("password")


def fold(name: object) -> str:
    """Return a name in letters and digits alone, all small."""
    return re.sub(r"[^a-z0-9]", "", str(name).lower())


def is_secret_variable(name: object) -> bool:
    """Tell whether a variable (`DATABASE_PASSWORD`) holds a secret, as far as one may guess."""
    text = str(name).upper().replace("-", "_").replace(".", "_")
    return _variable().search(text) is not None and _tells().search(text) is None


def is_surely_secret_variable(name: str) -> bool:
    """Tell whether a variable holds a secret without a doubt."""
    is_variable = re.fullmatch(r"[A-Z0-9_]+", name) is not None and not name.endswith("PUBLIC_KEY")
    return is_variable and re.search(_SURE_VARIABLE, name) is not None


def is_secret_name(name: str) -> bool:
    """Tell whether what a running text calls so is a secret: a field, or a variable in capitals."""
    if _hint().search(name) is None:  # most words, and fast
        return False
    return (_is_secret_name if len(name) <= _SHORT else _is_secret_name.__wrapped__)(name)


@lru_cache(maxsize=1024)  # a text says the same names again and again
def _is_secret_name(name: str) -> bool:
    return is_secret_field(name) or (name.isupper() and is_secret_variable(name))


@cache
def _hint() -> re.Pattern[str]:
    return re.compile(
        r"pass|pwd|pw|pat|psk|dsn|secret|token|key|cred|auth|cookie|hook|kube|rsa|dsa|25519|url|docker|connection", re.I
    )


@cache
def _field() -> re.Pattern[str]:
    return re.compile(rf"(?:^|-)(?:{_WORDS})$|(?:{_GLUED})$")


@cache
def _no_field() -> re.Pattern[str]:
    return re.compile(rf"(?:^|-)(?:{_NO_WORDS})$")


@cache
def _variable() -> re.Pattern[str]:
    return re.compile(_VARIABLE)


@cache
def _tells() -> re.Pattern[str]:
    return re.compile(_TELLS)

"""Refuses answers that were left empty, before anything is generated."""

import sys

ANSWERS = {
    "municipality_code": ({{ cookiecutter.municipality_code | jsonify }}, "GM0796"),
    "domain": ({{ cookiecutter.domain | jsonify }}, "s-hertogenbosch.signalen.dev"),
    "issuer": ({{ cookiecutter.issuer | jsonify }}, "https://login.microsoftonline.com/<tenant>/v2.0"),
    "client_id": ({{ cookiecutter.client_id | jsonify }}, "3f0c6a7e-5a0f-4d7e-9f1c-6f3a2f6f7b10"),
    "phone": ({{ cookiecutter.phone | jsonify }}, "073 615 51 55"),
    "email": ({{ cookiecutter.email | jsonify }}, "meldingen@s-hertogenbosch.nl"),
    "repository_url": ({{ cookiecutter.repository_url | jsonify }}, "https://git.example.nl/gemeente/signalen.git"),
}

missing = [(name, example) for name, (answer, example) in ANSWERS.items() if not answer.strip()]
for name, example in missing:
    print(f"'{name}' has no answer; for example {name}='{example}'", file=sys.stderr)
sys.exit(1 if missing else 0)

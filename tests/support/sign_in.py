"""Signs in at the backend's own check of tokens: run by a Python that has its libraries, not by the tests' own.

    python sign_in.py FOLDER < {"environment": {…}, "administrators": [command, …], "tokens": {"name": {claim: …}}}

FOLDER holds the backend's own code (`signals/auth`, `signals/admin`). An identity provider of ours listens on this
machine, and signs the tokens; users are in a small database of this run. Prints for each token what the API answered,
by name, and who the user is: `{"name": [200, "a@b.nl"]}`.
"""

import http.server
import json
import os
import runpy
import sys
import threading
import time
from pathlib import Path


class Provider(http.server.BaseHTTPRequestHandler):
    """An identity provider that shows the key it signs with."""

    def do_GET(self) -> None:
        """Answer with the keys, whatever is asked."""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"keys": [KEY]}).encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


folder = Path(sys.argv[1])
asked = json.load(sys.stdin)

import jwt  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: E402

PRIVATE, STRANGE = (rsa.generate_private_key(65537, 2048) for _ in range(2))
KEY = {**json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(PRIVATE.public_key())), "kid": "one", "alg": "RS256"}
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Provider)
threading.Thread(target=server.serve_forever, daemon=True).start()

given = {**asked["environment"], "OIDC_OP_JWKS_ENDPOINT": f"http://127.0.0.1:{server.server_port}/keys"}
(folder / "small_settings.py").write_text(
    "\n".join(
        [
            "SECRET_KEY = 'x'",
            "INSTALLED_APPS = ['django.contrib.contenttypes', 'django.contrib.auth', 'mozilla_django_oidc']",
            f"DATABASES = {{'default': {{'ENGINE': 'django.db.backends.sqlite3', 'NAME': {str(folder / 'db')!r}}}}}",
            "AUTHENTICATION_BACKENDS = ['signals.admin.oidc.backends.AuthenticationBackend']",
            "SIGNALS_AUTH = {}",
            "ROOT_URLCONF = 'small_settings'",
            "urlpatterns = []",
            # As the backend's own settings make them of the environment.
            "OIDC_CREATE_USER = False",
            "OIDC_RP_SIGN_ALGO = 'RS256'",
            "OIDC_RP_CLIENT_SECRET = 'x'",
            f"OIDC_TRUSTED_AUDIENCES = {json.loads(given.get('OIDC_TRUSTED_AUDIENCES', '[]'))!r}",
            *(f"{name} = {value!r}" for name, value in given.items() if name.startswith(("OIDC_OP_", "OIDC_RP_"))),
        ]
    )
)
manage = folder / "manage.py"
manage.write_text("import sys\nfrom django.core.management import execute_from_command_line as run\nrun(sys.argv)\n")
os.environ |= {"DJANGO_SETTINGS_MODULE": "small_settings", "PYTHONPATH": str(folder)}
sys.path.insert(0, str(folder))

import django  # noqa: E402

django.setup()

from django.contrib.auth.models import User  # noqa: E402
from django.core.exceptions import PermissionDenied  # noqa: E402
from django.core.management import call_command  # noqa: E402
from rest_framework.exceptions import APIException  # noqa: E402
from rest_framework.test import APIRequestFactory  # noqa: E402
from signals.auth.backend import JWTAuthBackend  # noqa: E402

call_command("migrate", verbosity=0)
User.objects.create(username="Known@Example.nl", email="Known@Example.nl", first_name="Kim")
User.objects.create(username="blocked@example.nl", is_active=False)
User.objects.create(username="top@example.nl", is_superuser=True, is_staff=True)

for command in asked["administrators"]:
    script = folder / "administrators.py"
    script.write_text(command[2].replace("/app/manage.py", str(manage)))
    sys.argv = [str(script), *command[3:]]
    out, sys.stdout = sys.stdout, sys.stderr
    for _ in range(2):  # once more changes nothing
        runpy.run_path(str(script), run_name="__main__")
    sys.stdout = out


def answer(token: str) -> tuple[int, str]:
    """Ask the backend's own check who a token is of."""
    request = APIRequestFactory().get("/", HTTP_AUTHORIZATION=f"Bearer {token}")
    try:
        return 200, str(JWTAuthBackend().authenticate(request)[0].username)
    except APIException as error:
        return error.status_code, str(error.detail)
    except PermissionDenied as error:  # which Django answers with 403
        return 403, str(error)


answers = {}
for name, claims in asked["tokens"].items():
    key = STRANGE if claims.pop("strange", False) else PRIVATE
    claims["exp"] = int(time.time()) + claims.get("exp", 300)
    answers[name] = answer(jwt.encode(claims, key, "RS256", headers={"kid": "one"}))
users = {user.username: [user.is_superuser, user.is_staff, user.is_active] for user in User.objects.all()}
sys.stdout.write(json.dumps({"answers": answers, "users": users}))

"""Makes the people of 'identity.administrators' superusers: a new database knows nobody, and signing in makes nobody.

Runs in the image of the backend, with the addresses as arguments. The backend finds who signs in by the user name,
which is the e-mail address, in capitals or not. Whoever is known is raised and never lowered; whoever was blocked stays
so.
"""

import subprocess
import sys
import time

import django

CHECK = [sys.executable, "/app/manage.py", "migrate", "--check"]


def wait():
    """Wait for the database to come up, and for the backend to make its tables, as long as that takes."""
    while (checked := subprocess.run(CHECK, capture_output=True, text=True)).returncode:
        sys.stdout.write(f"waiting for the database and its tables {checked.stderr[-200:]}\n")
        sys.stdout.flush()
        time.sleep(10)


def make(addresses):
    """Make superusers of whoever has these addresses, all or none. Models are there once Django has its settings."""
    from django.contrib.auth.models import User
    from django.db import transaction

    with transaction.atomic():
        for address in addresses:
            for user in User.objects.filter(username__iexact=address) or [User(username=address, email=address)]:
                if user.pk is None:
                    user.set_unusable_password()
                user.is_superuser = user.is_staff = True
                user.save()
                sys.stdout.write(f"{address} is {'an administrator' if user.is_active else 'blocked, and stays so'}\n")


wait()
django.setup()
make(sys.argv[1:])

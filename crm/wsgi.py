"""The WSGI application; all pages are imported when the process starts, not when the first visitor comes."""

import os
import sys

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm.settings")
application = get_wsgi_application()
get_resolver().check()

from crm import startup  # noqa: E402  (needs Django to be set up)

try:
    startup.begin()
except startup.Unfit as fault:
    sys.exit(str(fault))

"""Settings, pages and WSGI of a small site."""

import os

SECRET_KEY = "of an example"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "polls.pages"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "polls"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "/data/polls.sqlite"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "Europe/Zurich"


def application(environ, start_response):
    global wsgi
    if wsgi is None:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site_of_polls")
        from django.core.wsgi import get_wsgi_application

        wsgi = get_wsgi_application()
    return wsgi(environ, start_response)


wsgi = None

"""Django settings. What may differ between installations is read in `crm.environment`; what stands here is the product."""

from pathlib import Path

from django.contrib.messages import constants as message_levels
from django.utils.translation import gettext_lazy as _

from crm.environment import environment

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = environment.data_dir
PRODUCT_NAME = "Customer desk"

ENVIRONMENT = environment.environment
DEBUG = environment.debug
SECRET_KEY = environment.secret_key
SECRET_KEY_FALLBACKS = environment.secret_key_fallbacks
ALLOWED_HOSTS = environment.allowed_hosts
PUBLIC_URL = environment.public_url
METRICS_TOKEN = environment.metrics_token
QUEUE_WAIT_SECONDS = environment.queue_wait_seconds
BACKUP_KEY = environment.backup_key
BACKUP_DIR = environment.backup_dir
BACKUPS_KEPT = environment.backups_kept
_https = PUBLIC_URL.startswith("https://")

INSTALLED_APPS = [
    "crm.apps.CrmConfig",
    "customers.apps.CustomersConfig",
    "commerce.apps.CommerceConfig",
    "crm.apps.OperatorsAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.headless",
    "allauth.mfa",
    "allauth.usersessions",
    "django_filters",
    "django_htmx",
    "django_q",
    "drf_spectacular",
    "import_export",
    "lucide",
    "rest_framework",
]

MIDDLEWARE = [
    "crm.middleware.RequestIdentity",
    "crm.middleware.SecurityHeaders",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "crm.middleware.ServiceDoors",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "crm.middleware.CleanRequest",
    "crm.middleware.ReadOnlyMode",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "crm.middleware.SessionUse",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "crm.middleware.BusinessScope",
]

ROOT_URLCONF = "crm.urls"
WSGI_APPLICATION = "crm.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "crm.shell.shell",
            ],
            "builtins": ["crm.templatetags.ui"],
        },
    }
]

DATABASES = {"default": environment.database}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "crm_cache"}}

AUTH_USER_MODEL = "crm.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("email", "name")},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "crm.passwords.NotTooLong"},
    {"NAME": "crm.passwords.NoKnownName"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "crm:home"
PASSWORD_RESET_TIMEOUT = 3600
ACCOUNT_ADAPTER = "crm.accounts.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_RATE_LIMITS = dict.fromkeys(("login", "reset_password", "reset_password_from_key", "reauthenticate"))
ACCOUNT_REAUTHENTICATION_TIMEOUT = environment.reauthentication_minutes * 60
HEADLESS_CLIENTS = ("app",)
HEADLESS_SERVE_SPECIFICATION = False
HEADLESS_TOKEN_STRATEGY = "crm.api.tokens.TokenStrategy"  # noqa: S105  (a class, no secret)
HEADLESS_JWT_PRIVATE_KEY = environment.jwt_private_key
HEADLESS_JWT_STATEFUL_VALIDATION_ENABLED = True
HEADLESS_JWT_ACCESS_TOKEN_EXPIRES_IN = 600
HEADLESS_JWT_REFRESH_TOKEN_EXPIRES_IN = 14 * 86_400
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_ADAPTER = "crm.second_factors.SecondFactorAdapter"
MFA_TOTP_ISSUER = PRODUCT_NAME
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ALLOW_UNVERIFIED_EMAIL = True  # nobody signs up by themselves: people come in by an invitation
MFA_RECOVERY_CODE_COUNT = 10
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_RATE_LIMITS = {"webauthn_login": "60/m/ip"}
ACCOUNT_EMAIL_NOTIFICATIONS = True
OPERATORS_NEED_SECOND_FACTOR = environment.operators_need_second_factor

SESSION_ENGINE = "crm.sessions"
SESSION_IDLE_MINUTES = environment.session_idle_minutes
SESSION_HOURS = environment.session_hours
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
REAUTHENTICATION_MINUTES = environment.reauthentication_minutes
SESSION_COOKIE_NAME = "__Host-session" if _https else "session"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = _https
CSRF_COOKIE_NAME = "__Host-csrf" if _https else "csrf"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = _https
CSRF_FAILURE_VIEW = "crm.errors_pages.csrf_failure"
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL] if _https else []
SECURE_SSL_REDIRECT = False
SECURE_HSTS_SECONDS = 31_536_000 if _https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = _https
SECURE_HSTS_PRELOAD = _https
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if environment.trusted_proxies else None
X_FRAME_OPTIONS = "DENY"
SILENCED_SYSTEM_CHECKS = [
    "security.W008"
]  # the proxy in front redirects to https; the server itself listens on one plain port
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        "form-action": ["'self'"],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000
FILE_UPLOAD_MAX_MEMORY_SIZE = 1_048_576
FILE_UPLOAD_PERMISSIONS = 0o600

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_ROOT = DATA_DIR / "files"
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": DATA_DIR / "files",
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    },
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG or environment.testing
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

EMAIL_BACKEND = environment.email["EMAIL_BACKEND"]
EMAIL_HOST = environment.email.get("EMAIL_HOST", "")
EMAIL_PORT = environment.email.get("EMAIL_PORT") or 25
EMAIL_HOST_USER = environment.email.get("EMAIL_HOST_USER") or ""
EMAIL_HOST_PASSWORD = environment.email.get("EMAIL_HOST_PASSWORD") or ""
EMAIL_USE_TLS = environment.email.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = environment.email.get("EMAIL_USE_SSL", False)
EMAIL_FILE_PATH = DATA_DIR / "mail"
DEFAULT_FROM_EMAIL = environment.default_from_email

# The queue: our own ledger (crm.jobs) decides; django-q2 only carries the id of a job to a worker process. Each lane is a
# cluster of its own, named by Q_CLUSTER_NAME. Its limits are the ledger's second line: `retry` is longer than any job.
JOB_WORKERS = environment.job_workers
_LANE = {"bulk": 1, "poll": 0.3, "max_attempts": 1, "ack_failures": True, "catch_up": False, "recycle": 500}
Q_CLUSTER = {
    "name": "crm",
    "label": "Queue",
    "orm": "default",
    "scheduler": False,
    "save_limit": 250,
    "log_level": "WARNING",
    "timeout": 3600,
    "retry": 14_400,
    **_LANE,
    "ALT_CLUSTERS": {
        lane: {"workers": workers, "queue_limit": workers, **_LANE} for lane, workers in JOB_WORKERS.items()
    },
}

API_LIMITS = environment.api_limits
API_BUSINESS_FACTOR = environment.api_business_factor
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "crm.api.authentication.ApiKeyAuthentication",
        "crm.api.authentication.TokenAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["crm.api.permissions.NamedPermission"],
    "DEFAULT_THROTTLE_CLASSES": ["crm.api.throttling.Limits"],
    "DEFAULT_RENDERER_CLASSES": ["crm.api.renderers.JsonRenderer"],
    "DEFAULT_PARSER_CLASSES": ["crm.api.parsers.StrictJsonParser"],
    "DEFAULT_SCHEMA_CLASS": "crm.api.schema.OperationSchema",
    "EXCEPTION_HANDLER": "crm.api.problems.problem_response",
    "DEFAULT_PAGINATION_CLASS": None,
    "DEFAULT_FILTER_BACKENDS": [],
    "NUM_PROXIES": environment.trusted_proxies,
    "DEFAULT_VERSIONING_CLASS": None,
    "UNAUTHENTICATED_USER": None,
    "URL_FORMAT_OVERRIDE": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Customer desk API",
    "DESCRIPTION": "Customers, their orders and everything that is computed from them.",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "POSTPROCESSING_HOOKS": ["crm.api.schema.complete"],
}

MESSAGE_TAGS = {message_levels.ERROR: "bad", message_levels.SUCCESS: "good", message_levels.WARNING: "warn"}

# Libraries log no more than INFO, since their details (statements with their values) are not ours to keep.
_level = environment.log_level
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request": {"()": "crm.log.RequestIdFilter"}},
    "formatters": {"json": {"()": "crm.log.JsonLines"}, "text": {"()": "crm.log.TextLines"}},
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": environment.log_format, "filters": ["request"]}
    },
    "root": {"handlers": ["console"], "level": "INFO" if _level == "DEBUG" else _level},
    "loggers": {
        "crm": {"level": _level},
        "customers": {"level": _level},
        "commerce": {"level": _level},
        "django": {"handlers": [], "propagate": True},
        "django-q": {"level": "WARNING"},
        "django.request": {"level": "ERROR"},  # every request has a line of its own
        "django.server": {"handlers": [], "level": "ERROR", "propagate": True},
    },
}

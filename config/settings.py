"""Django settings. Everything that differs between machines comes from `config.env`."""

from pathlib import Path

from config import content_security
from config.env import (
    anchor_bucket,
    broker_from_environment,
    database_from_url,
    env,
    master_key,
    owner_from_url,
    previous_master_keys,
    signing_key,
    time_stamps,
)

BASE_DIR = Path(__file__).resolve().parent.parent
STATE_DIR = Path(env.str("LIVERY_STATE_DIR", str(BASE_DIR / ".livery"))).resolve()
PRODUCTION = env.bool("LIVERY_PRODUCTION", False)
DEBUG = env.bool("LIVERY_DEBUG", False)
SECRET_KEY = signing_key(STATE_DIR, production=PRODUCTION)
MASTER_KEY = master_key(STATE_DIR, production=PRODUCTION)
PREVIOUS_MASTER_KEYS = previous_master_keys()

# The zone under which every partner gets hosts of its own, and where operators work.
PLATFORM_DOMAIN = env.str("LIVERY_PLATFORM_DOMAIN", "localhost").lower()
OPERATOR_HOSTS = [
    host.lower() for host in env.list("LIVERY_OPERATOR_HOSTS", [PLATFORM_DOMAIN, "127.0.0.1"])
]
# Names of partners' own: what they must point to, how long a lost proof is borne, and the
# label below which the TXT record of the proof stands. Names nobody.
DOMAIN_TARGET = env.str("LIVERY_DOMAIN_TARGET", PLATFORM_DOMAIN).lower()
DOMAIN_ADDRESSES: list[str] = env.list("LIVERY_DOMAIN_ADDRESSES", [])
DOMAIN_GRACE_DAYS = env.int("LIVERY_DOMAIN_GRACE_DAYS", 7)
DOMAIN_PROOF_LABEL = env.str("LIVERY_DOMAIN_PROOF_LABEL", "_domain-proof").lower()
DNS_SERVERS: list[str] = env.list("LIVERY_DNS_SERVERS", [])
# Lets a proxy on another machine ask which names may have a certificate.
DOMAIN_CHECK_KEY = env.str("LIVERY_DOMAIN_CHECK_KEY", "")
# Hosts are matched against the Domain table by `config.middleware.HostMiddleware`; an
# unknown one gets a neutral 404, so Django's own list has nothing left to refuse.
ALLOWED_HOSTS = ["*"]
PUBLIC_SCHEME = "https" if PRODUCTION else "http"
PUBLIC_PORT = env.int("LIVERY_PUBLIC_PORT", 0)

# --- applications --------------------------------------------------------------------
# Operators, partners' people, their sessions and their audit trails are tables of the
# same shape in the public schema and in each partner's.
_EVERYWHERE = [
    "tenants.accounts",
    "tenants.outbox",
    "django.contrib.sessions",
    "governance",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
]
SHARED_APPS = [
    "tenants",  # before the library: its migrate commands run as the owner and grant
    "django_tenants",
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.admin",
    "django_q",
    *_EVERYWHERE,
]
TENANT_APPS = [*_EVERYWHERE, "branding", "mappings", "syncjobs"]
_LIBRARIES = [
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "csp",
    "django_cotton",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
]
INSTALLED_APPS = list(dict.fromkeys([*_LIBRARIES, *SHARED_APPS, *TENANT_APPS]))
TENANT_MODEL = "tenants.Partner"
TENANT_DOMAIN_MODEL = "tenants.Domain"
DATABASE_ROUTERS = ["django_tenants.routers.TenantSyncRouter"]
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["tenants.accounts.backends.AccountBackend"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SILENCED_SYSTEM_CHECKS = [
    "admin.E406",  # auth's tables stay in the public schema; see docs/decisions
]

# --- database ------------------------------------------------------------------------
# The process works as the runtime role; OWNER_DATABASE is the role that owns the tables,
# for `tenants.postgres.roles`. Without DATABASE_URL the embedded server has both.
DATABASE_URL = env.str("DATABASE_URL", "")
_DATABASE = (
    database_from_url(DATABASE_URL)
    if DATABASE_URL
    else {"NAME": "livery", "USER": "livery_runtime"}
)
_OPTIONS: dict[str, str] = _DATABASE.pop("OPTIONS", {})  # type: ignore[assignment]  # URL's own
OWNER_DATABASE = (
    owner_from_url(env.str("LIVERY_OWNER_DATABASE_URL", ""), _DATABASE)
    if DATABASE_URL
    else {"USER": "livery_owner"}
)
DATABASES = {
    "default": {
        "ENGINE": "tenants.postgres.backend",
        **_DATABASE,
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        "ATOMIC_REQUESTS": False,
        # Only cursors that send values apart from statements prepare them; Django's do not.
        "OPTIONS": {"application_name": "web", "prepare_threshold": 3, **_OPTIONS},
    }
}
ORIGINAL_BACKEND = "django.db.backends.postgresql"

# --- requests ------------------------------------------------------------------------
ROOT_URLCONF = "config.urls_admin"
PUBLIC_SCHEMA_URLCONF = "config.urls_public"
MIDDLEWARE = [
    "config.middleware.HealthMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.middleware.HostMiddleware",
    "config.middleware.HookMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "config.middleware.SessionHostMiddleware",
    "config.middleware.ActorMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "config.account_middleware.SeenMiddleware",
    "config.account_middleware.SecondFactorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "config.middleware.PolicyMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    [
                        "django_cotton.cotton_loader.Loader",
                        "django.template.loaders.filesystem.Loader",
                        "django.template.loaders.app_directories.Loader",
                    ],
                )
            ],
            "builtins": [
                "django_cotton.templatetags.cotton",
                "branding.templatetags.ui",
                "branding.templatetags.charts",
            ],
            "context_processors": [
                "csp.context_processors.nonce",
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "branding.context_processors.brand",
            ],
        },
    }
]
WSGI_APPLICATION = "config.wsgi.application"
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if PRODUCTION else None
SECURE_HSTS_SECONDS = 31_536_000 if PRODUCTION else 0
# Host-only cookies under neutral names; `__Host-` makes the browser enforce it on HTTPS.
_COOKIE_PREFIX = "__Host-" if PRODUCTION else ""
SESSION_ENGINE = "tenants.accounts.session_store"
SESSION_COOKIE_NAME = f"{_COOKIE_PREFIX}session"
SESSION_COOKIE_SECURE = PRODUCTION
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_NAME = f"{_COOKIE_PREFIX}form"
CSRF_COOKIE_SECURE = PRODUCTION
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "config.errors.csrf_failure"
SESSION_COOKIE_AGE = 12 * 3600
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
# The editor of a mapping with 500 rules sends about 6,500, a value map of 5,000 rows 10,020.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_100
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
PASSWORD_RESET_TIMEOUT = 3 * 24 * 3600
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
# Second factors and the list of sessions; which parts of the library and why, is in
# docs/decisions/0009. None of its addresses or templates is used.
# Operators without a second factor can do nothing but set one up.
OPERATOR_SECOND_FACTOR = env.bool("LIVERY_OPERATOR_SECOND_FACTOR", PRODUCTION)
MFA_ADAPTER = "config.adapters.FactorAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_ADAPTER = "config.adapters.AccountAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_TOTP_TOLERANCE = 1
MFA_WEBAUTHN_USER_VERIFICATION = "required"
RECOVERY_CODE_COST = 2**14  # scrypt's n: 16 MB and 30 ms a code; codes of another cost open nothing
DEVICE_COOKIE_NAME = f"{_COOKIE_PREFIX}device"

# --- language, time, files -----------------------------------------------------------
LANGUAGE_CODE = "en-gb"
LANGUAGES = [("en-gb", "English")]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "/static/"
# Otherwise they are served from where they lie.
STATIC_ROOT = BASE_DIR / "staticfiles" if PRODUCTION else None
STATICFILES_DIRS: list[Path] = []
MEDIA_ROOT = STATE_DIR / "media"
WHITENOISE_USE_FINDERS = not PRODUCTION
WHITENOISE_AUTOREFRESH = DEBUG
STORAGES = {
    "default": {"BACKEND": "django_tenants.files.storage.TenantFileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "KEY_FUNCTION": "django_tenants.cache.make_key",
        "OPTIONS": {"MAX_ENTRIES": 20_000},
    }
}
EMAIL_BACKEND = env.str(
    "LIVERY_EMAIL_BACKEND",
    "django.core.mail.backends.smtp.EmailBackend"
    if PRODUCTION
    else "django.core.mail.backends.filebased.EmailBackend",
)
EMAIL_FILE_PATH = str(STATE_DIR / "mail")
EMAIL_HOST = env.str("LIVERY_SMTP_HOST", "localhost")
EMAIL_PORT = env.int("LIVERY_SMTP_PORT", 25)
EMAIL_HOST_USER = env.str("LIVERY_SMTP_USER", "")
EMAIL_HOST_PASSWORD = env.str("LIVERY_SMTP_PASSWORD", "")
_SMTP_TLS = env.str("LIVERY_SMTP_TLS", "none")  # none, starttls, tls
EMAIL_USE_TLS, EMAIL_USE_SSL = _SMTP_TLS == "starttls", _SMTP_TLS == "tls"
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env.str("LIVERY_FROM_EMAIL", f"no-reply@{PLATFORM_DOMAIN}")

# --- work ----------------------------------------------------------------------------
# The queue is a doorbell (docs/decisions). `tenants.checks` holds that
# retry > timeout × (1 + ⌈(queue_limit + bulk) / workers⌉), or a slow task is started twice.
_WORKERS, _TASK_SECONDS = max(1, env.int("LIVERY_WORKERS", 2)), 300
Q_CLUSTER = {
    "name": "doorbell",
    # The database by default; Redis rings faster and forgets what it carried when it dies.
    **broker_from_environment(),
    "workers": _WORKERS,
    "queue_limit": 2,
    "bulk": 1,
    "timeout": _TASK_SECONDS,
    "retry": _TASK_SECONDS * (1 + -(-3 // _WORKERS)) + 60,  # queue_limit + bulk are 3
    "max_attempts": 3,
    "poll": 0.2,
    "save_limit": -1,
    "catch_up": False,
    "recycle": 500,
}
# Where the ends of the audit trails are written down outside the database, a file for each.
AUDIT_ANCHORS = Path(env.str("LIVERY_AUDIT_ANCHORS", str(STATE_DIR / "anchors")))
# Further places, each optional: a bucket, and an authority that stamps the time on them.
ANCHOR_BUCKET, TIMESTAMPS = anchor_bucket(), time_stamps()
# Networks that a connector may reach although they are private (CIDR), for systems that
# a client runs in-house. Loopback is for the sandbox systems only.
ALLOWED_PRIVATE_NETWORKS = env.list(
    "LIVERY_ALLOWED_PRIVATE_NETWORKS", [] if PRODUCTION else ["127.0.0.0/8", "::1/128"]
)

# For how many days things are kept that nothing hangs on any more (syncjobs/engine/retention);
# 0 keeps them for good. A webhook must be kept longer than its sender tries again.
KEEP_DAYS = {
    "payloads": env.int("LIVERY_KEEP_PAYLOADS_DAYS", 90),
    "attempts": env.int("LIVERY_KEEP_ATTEMPTS_DAYS", 400),
    "messages": env.int("LIVERY_KEEP_MESSAGES_DAYS", 30),
    "readings": env.int("LIVERY_KEEP_READINGS_DAYS", 30),
}
# For how many days the file of a report for auditors is kept; 0 keeps it for good.
REPORT_DAYS = env.int("LIVERY_KEEP_REPORTS_DAYS", 90)
# Calls to clients' systems in flight at once, over all workers; a connection's own bound is its
# `in_flight`.
MOST_AT_ONCE = {
    "client": env.int("LIVERY_CLIENT_IN_FLIGHT", 32),
    "partner": env.int("LIVERY_PARTNER_IN_FLIGHT", 64),
}
# How many of the latest records an impact preview runs through old and new rules.
IMPACT_RECORDS = env.int("LIVERY_IMPACT_RECORDS", 1000)
# Webhooks taken a minute, for each connection and web process; more are told to wait.
HOOK_RATE_PER_MINUTE = env.int("LIVERY_HOOK_RATE", 6000)

# --- API -----------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["config.api_auth.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["config.api_auth.HasActor"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["config.api_json.OnceJSONParser"],
    "DEFAULT_PAGINATION_CLASS": "config.api_pages.CursorPages",
    "DEFAULT_SCHEMA_CLASS": "config.api_schema.Described",
    "DEFAULT_THROTTLE_CLASSES": ["config.api_auth.TokenThrottle"],
    "DEFAULT_THROTTLE_RATES": {
        "token": env.str("LIVERY_API_RATE", "1200/min"),
        "unknown": env.str("LIVERY_API_UNKNOWN_RATE", "60/min"),
    },
    "EXCEPTION_HANDLER": "config.errors.api_exception",
    "NUM_PROXIES": env.int("LIVERY_PROXIES", 0),
    "PAGE_SIZE": 50,
    "COERCE_DECIMAL_TO_STRING": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "API",
    "VERSION": "1",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "config.api_schema.describe_refusals",
    ],
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1/",
    "COMPONENT_SPLIT_REQUEST": True,
    "SORT_OPERATIONS": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "ENUM_NAME_OVERRIDES": {
        "ChangeStatus": "config.api_schema.CHANGE_STATUS",
        "ClientStatus": "config.api_schema.CLIENT_STATUS",
        "ConnectionState": "config.api_schema.CONNECTION_STATE",
        "DeliveryState": "config.api_schema.DELIVERY_STATE",
        "ExceptionState": "config.api_schema.EXCEPTION_STATE",
        "RunState": "config.api_schema.RUN_STATE",
        "WorkflowState": "config.api_schema.WORKFLOW_STATE",
        "BreakerState": "config.api_schema.BREAKER_STATE",
        "DomainState": "config.api_schema.DOMAIN_STATE",
        "DomainKind": "config.api_schema.DOMAIN_KIND",
        "RecordKind": "config.api_schema.RECORD_KIND",
        "EndpointState": "config.api_schema.ENDPOINT_STATE",
        "MessageState": "config.api_schema.MESSAGE_STATE",
    },
}

# --- logs ----------------------------------------------------------------------------
LOG_FORMAT = env.str("LIVERY_LOG_FORMAT", "json" if PRODUCTION else "text")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"context": {"()": "config.logging.ContextFilter"}},
    "formatters": {
        "json": {
            "()": "pythonjsonlogger.json.JsonFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s %(message)s %(schema)s %(correlation)s",
        },
        "text": {
            "format": "%(asctime)s %(levelname)s %(name)s [%(schema)s %(correlation)s] %(message)s"
        },
    },
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": LOG_FORMAT,
            "filters": ["context"],
        }
    },
    "root": {"handlers": ["stderr"], "level": env.str("LIVERY_LOG_LEVEL", "INFO")},
    "loggers": {
        "django.request": {"level": "ERROR"},
        "django-q": {"level": "WARNING"},
        "weasyprint": {"level": "ERROR"},
        # What a server does wrong is told by the reading that met it.
        "paramiko": {"level": "CRITICAL"},
        "fontTools": {"level": "WARNING"},
    },
}

# --- content security ----------------------------------------------------------------
CONTENT_SECURITY_POLICY = {"DIRECTIVES": content_security.STRICT}
ADMIN_CONTENT_SECURITY_POLICY = content_security.STAFF_ADMIN

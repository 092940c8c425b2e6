"""Django's settings of the standalone server, made from the environment. Klatch's own defaults are in ``conf``."""

import secrets
from urllib.parse import urlsplit

from django.utils.csp import CSP

from klatch.server.environment import environment
from klatch.server.folder import secret_key_file

_env = environment()

DATA = _env.data
KLATCH_ORIGINS = list(_env.origins)
KLATCH_TRUSTED_PROXIES = list(_env.trusted_proxies)
KLATCH = {"ORIGINS": _env.origins, "RATE_LIMIT": _env.rate_limit}
if _env.relay_url:
    KLATCH |= {"RELAY": "klatch.relay.redis.RedisRelay", "RELAY_URL": _env.relay_url}
elif _env.database:
    KLATCH |= {"RELAY": "klatch.relay.postgres.PostgresRelay"}

# Reading settings writes nothing: the command line and the ASGI module make the file before they get here.
# Without it (a type checker, a shell) a key for this process only is the safe choice.
_key_file = secret_key_file(DATA)
SECRET_KEY = _env.secret_key or (
    _key_file.read_text(encoding="ascii").strip() if _key_file.is_file() else secrets.token_urlsafe(48)
)
DEBUG = _env.debug
ALLOWED_HOSTS = _env.hosts

INSTALLED_APPS = [
    "klatch.server",
    "klatch",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.usersessions",
    "servestatic",
]
MIDDLEWARE = [  # without the static files: they are ``handler``'s
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "klatch.server.sessions.middleware",
]
ROOT_URLCONF = "klatch.server.urls"
ASGI_APPLICATION = "klatch.server.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.csp",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "klatch.server.context.place",
            ]
        },
    }
]

# synchronous=FULL is the promise behind an acknowledgement. The engine's writer thread makes the checkpoints.
DATABASES = {
    "default": _env.database
    or {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": DATA / "klatch.sqlite3",
        "CONN_MAX_AGE": None,  # as long as its thread; PostgreSQL has a pool
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0; "
            "PRAGMA secure_delete=ON; "
            "PRAGMA cache_size=-16000; PRAGMA temp_store=MEMORY",
        },
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# What counts failed log-ins, for all processes together. Used for nothing else.
CACHES = {"default": {"BACKEND": "klatch.server.counters.Counters"}}

# Accounts
AUTH_USER_MODEL = "auth.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "klatch.server.passwords.Argon2",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
        "UserAttributeSimilarityValidator",
    )
]
PASSWORD_RESET_TIMEOUT = 24 * 60 * 60
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "klatch:directory"
ACCOUNT_ADAPTER = "klatch.server.accounts.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "klatch.server.forms.LogInForm",
    "signup": "klatch.server.forms.SignUpForm",
    "change_password": "klatch.server.forms.ChangePasswordForm",
}
ACCOUNT_LOGIN_METHODS = {"email", "username"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_UNIQUE_EMAIL = True
# An unconfirmed address keeps nobody out: who was invited gets in, mail or no mail.
ACCOUNT_EMAIL_VERIFICATION = "optional" if _env.mailer else "none"
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if _env.https else "http"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_PRESERVE_USERNAME_CASING = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
# Failures count, by address and by account; from a browser that is known, by itself alone (``throttle``).
ACCOUNT_RATE_LIMITS: dict[str, str | None] | bool = (
    {"login": None, "login_failed": "20/m/ip,5/5m/key", "login_known": "5/5m/key"} if _env.rate_limit else False
)

# E-mail
KLATCH_SENDS_MAIL = bool(_env.mailer)
MAILERS = {"default": _env.mailer or {"BACKEND": "django.core.mail.backends.dummy.EmailBackend"}}
DEFAULT_FROM_EMAIL = _env.mail_from or f"klatch@{urlsplit(_env.origins[0]).hostname if _env.origins else 'localhost'}"
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# Sessions and cookies. Strictly Lax: a link in a mail must find you logged in, a foreign form must not.
SESSION_COOKIE_AGE = 90 * 24 * 60 * 60
SESSION_COOKIE_NAME = "klatch_session"
CSRF_COOKIE_NAME = "klatch_csrf"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = _env.https
LANGUAGE_COOKIE_NAME = "klatch_language"
LANGUAGE_COOKIE_AGE = 365 * 24 * 60 * 60
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
CSRF_TRUSTED_ORIGINS = list(_env.origins)
CSRF_FAILURE_VIEW = "klatch.server.pages.errors.stale"

# What a browser may do with our pages
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
_sockets = ["ws" + origin.removeprefix("http") for origin in _env.origins]
SECURE_CSP = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF, CSP.NONCE],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:"],
    "connect-src": [CSP.SELF, *_sockets],  # Safari before 15.4 does not count ws: as ours
    "font-src": [CSP.SELF],
    "manifest-src": [CSP.SELF],
    "form-action": [CSP.SELF],
    "frame-ancestors": [CSP.NONE],
    "base-uri": [CSP.NONE],
}

# Static files: collected into the data folder by `serve` whenever they changed, with hashed names and packed.
STATIC_URL = "/static/"
STATIC_ROOT = DATA / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "servestatic.storage.CompressedManifestStaticFilesStorage"
    },
}
MEDIA_ROOT = DATA / "files"
SERVESTATIC_ALLOW_ALL_ORIGINS = False

# Words
USE_I18N = USE_TZ = True
TIME_ZONE = _env.time_zone
LANGUAGE_CODE = _env.language
LANGUAGES = [("en", "English"), ("ja", "日本語"), ("zh-hant", "繁體中文"), ("ko", "한국어"), ("ru", "Русский")]

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        "django": {"handlers": [], "level": "INFO" if DEBUG else "WARNING", "propagate": True},
        "django.request": {"level": "ERROR"},  # somebody's mistyped address is no news
        "uvicorn": {"level": "WARNING"},
    },
}

"""The address tree of the standalone server: Klatch at the root, the server's pages, log-in, the admin."""

from allauth.account import views as allauth
from allauth.account.decorators import secure_admin_login
from django.conf import settings
from django.contrib import admin
from django.urls import include, path, re_path

# The admin's own log-in would be a way around the limits on guessing passwords.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

# Of allauth's pages those that this server needs; each one more is one more to keep safe.
_accounts = [
    path("login/", allauth.login, name="account_login"),
    path("logout/", allauth.logout, name="account_logout"),
    path("signup/", allauth.signup, name="account_signup"),
    path("inactive/", allauth.account_inactive, name="account_inactive"),
    path("password/", allauth.password_change, name="account_change_password"),
]
if settings.KLATCH_SENDS_MAIL:
    _accounts += [
        path("confirm-email/", allauth.email_verification_sent, name="account_email_verification_sent"),
        path("confirm-email/<str:key>/", allauth.confirm_email, name="account_confirm_email"),
        path("password/reset/", allauth.password_reset, name="account_reset_password"),
        path("password/reset/sent/", allauth.password_reset_done, name="account_reset_password_done"),
        re_path(
            r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
            allauth.password_reset_from_key,
            name="account_reset_password_from_key",
        ),
        path(
            "password/reset/done/",
            allauth.password_reset_from_key_done,
            name="account_reset_password_from_key_done",
        ),
    ]

urlpatterns = [
    path("", include("klatch.server.pages.urls")),
    path("accounts/", include(_accounts)),
    path("admin/", admin.site.urls),
    path("", include("klatch.urls")),
]
handler403 = "klatch.server.pages.errors.forbidden"
handler404 = "klatch.server.pages.errors.missing"
handler429 = "klatch.server.pages.errors.too_many"  # allauth's limits
handler500 = "klatch.server.pages.errors.broken"

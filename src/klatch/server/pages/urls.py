"""Addresses of the server's own pages."""

from django.urls import path

from klatch.server.pages import account, audit, errors, health, invite, join, people, sessions, setup

app_name = "server"
urlpatterns = [
    path("", setup.home, name="home"),
    path("setup/", setup.setup, name="setup"),
    path("join/<str:secret>/", join.join, name="join"),
    path("invite/", invite.invite, name="invite"),
    path("invite/<int:pk>/revoke/", invite.revoke, name="revoke-invite"),
    path("account/", account.account, name="account"),
    path("account/profile/", account.profile, name="profile"),
    path("account/language/", account.language, name="language"),
    path("account/tokens/", account.make_token, name="make-token"),
    path("account/tokens/<int:pk>/revoke/", account.revoke_token, name="revoke-token"),
    path("account/elsewhere/", sessions.end_others, name="log-out-elsewhere"),
    path("account/sessions/<int:pk>/end/", sessions.end, name="end-session"),
    path("people/", people.people, name="people"),
    path("people/place/", people.workspace, name="workspace"),
    path("people/<int:pk>/deactivate/", people.activate, {"on": False}, name="deactivate"),
    path("people/<int:pk>/reactivate/", people.activate, {"on": True}, name="reactivate"),
    path("people/<int:pk>/reset/", people.reset_link, name="reset-link"),
    path("audit/", audit.audit, name="audit"),
    path("reset/<str:uid>/<str:token>/", people.reset, name="reset"),
    path("favicon.ico", errors.icon, name="icon"),
    path("healthz", health.alive, name="alive"),
    path("readyz", health.ready, name="ready"),
]

"""Addresses of the pages. The order matters: the catalog of words lies beside the rooms' slugs."""

from django.urls import path

from klatch.web import views

app_name = "klatch"
urlpatterns = [
    path("chat/", views.chat, name="directory"),
    path("chat/i18n.js", views.i18n, name="i18n"),
    path("chat/<str:slug>/", views.chat, name="room"),
    path("chat/<str:slug>/<int:position>/", views.chat, name="message"),
]

"""The host project's addresses: the admin, and Klatch one level down, as a project would mount it."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [path("admin/", admin.site.urls), path("talk/", include("klatch.urls"))]

"""What a project includes: the pages and the REST interface below one address."""

from django.urls import include, path

from klatch.api import api

urlpatterns = [path("", include("klatch.web.urls")), path("api/v1/", api.urls)]

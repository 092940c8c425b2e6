"""The shop's addresses, with the chat below /talk/."""

from django.contrib import admin
from django.contrib.auth import views as auth
from django.urls import include, path

from shop import views

urlpatterns = [
    path("", views.orders, name="orders"),
    path("orders/<int:number>/talk/", views.talk_about, name="talk-about"),
    path("login/", auth.LoginView.as_view(template_name="shop/login.html"), name="login"),
    path("logout/", auth.LogoutView.as_view(), name="logout"),
    path("admin/", admin.site.urls),
    path("talk/", include("klatch.urls")),  # Klatch
]

"""Sign-in, sign-out and setting a password by link: the same on every kind of host."""

from django.urls import path

from tenants.accounts import views

urlpatterns = [
    path("sign-in/", views.sign_in, name="sign_in"),
    path("sign-out/", views.sign_out, name="sign_out"),
    path("password/", views.password_forgotten, name="password_forgotten"),
    path("welcome/<str:uid>/<str:token>/", views.welcome, name="welcome"),
]

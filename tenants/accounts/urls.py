"""Sign-in, sign-out and setting a password by link: the same on every kind of host."""

from django.urls import path

from tenants.accounts import second_step, single_sign_on, views

urlpatterns = [
    path("sign-in/", views.sign_in, name="sign_in"),
    path("sign-in/second/", second_step.sign_in_second, name="sign_in_second"),
    path("sign-in/passkey/", second_step.sign_in_passkey, name="sign_in_passkey"),
    path("sign-in/passkey/options/", second_step.passkey_options, name="passkey_options"),
    path("sign-in/with/", single_sign_on.single_sign_on, name="single_sign_on"),
    path("sign-in/back/", single_sign_on.single_sign_on_back, name="single_sign_on_back"),
    path("sign-in/saml/", single_sign_on.saml_back, name="saml_back"),
    path("sign-in/saml/metadata/", single_sign_on.saml_metadata, name="saml_metadata"),
    path("sign-out/", views.sign_out, name="sign_out"),
    path("password/", views.password_forgotten, name="password_forgotten"),
    path("welcome/<str:uid>/<str:token>/", views.welcome, name="welcome"),
]

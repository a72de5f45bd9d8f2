"""The brand editor, on the staff's host."""

from django.urls import path

from branding.admin import brand_editor

urlpatterns = [
    path("", brand_editor.edit, name="brand_edit"),
    path("preview/", brand_editor.preview, name="brand_preview"),
    path("preview/logo.png", brand_editor.preview_logo, name="brand_preview_logo"),
    path("publish/", brand_editor.publish, name="brand_publish"),
    path("discard/", brand_editor.discard, name="brand_discard"),
]

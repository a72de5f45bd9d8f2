"""The brand editor, on the staff's host."""

from django.urls import path

from branding.admin import brand_client, brand_editor, brand_preview

urlpatterns = [
    path("", brand_editor.edit, name="brand_edit"),
    path("preview/", brand_preview.preview, name="brand_preview"),
    path("preview/logo.png", brand_preview.preview_logo, name="brand_preview_logo"),
    path("preview/theme.css", brand_preview.preview_theme, name="brand_preview_theme"),
    path("preview/paper.css", brand_preview.preview_paper, name="brand_preview_paper"),
    path("preview/statement.pdf", brand_preview.preview_pdf, name="brand_preview_pdf"),
    path("preview/<slug:view>/", brand_preview.preview_page, name="brand_preview_page"),
    path("publish/", brand_editor.publish, name="brand_publish"),
    path("discard/", brand_editor.discard, name="brand_discard"),
    path("history/", brand_editor.history, name="brand_history"),
    path("history/<int:pk>/revert/", brand_editor.revert, name="brand_revert"),
    path("clients/<int:pk>/", brand_client.edit, name="client_brand"),
    path("clients/<int:pk>/logo.png", brand_client.logo, name="client_brand_logo"),
]

"""Mappings."""

from django.apps import AppConfig


class MappingsConfig(AppConfig):
    """Tables in each partner's schema only."""

    name = "mappings"
    verbose_name = "Mappings"

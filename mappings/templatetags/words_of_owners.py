"""Owners of fields in words."""

from django import template

from mappings import ownership

register = template.Library()
register.filter("owner_words", ownership.owner_words)

"""The library's two base models, as far as the type checker must know them."""

from typing import Any

from django.db import models

class TenantMixin(models.Model):
    schema_name: models.CharField[str, str]
    auto_create_schema: bool
    auto_drop_schema: bool
    def delete(  # type: ignore[override]  # the library's own signature
        self, force_drop: bool = ..., *args: Any, **kwargs: Any
    ) -> tuple[int, dict[str, int]]: ...

    class Meta:
        abstract = True

class DomainMixin(models.Model):
    domain: models.CharField[str, str]
    tenant: models.ForeignKey[Any, Any]
    is_primary: models.BooleanField[bool, bool]

    class Meta:
        abstract = True

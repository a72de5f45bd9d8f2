"""Models as tables: django-import-export reads and walks the rows, our services write them.

The library decides between new, changed and the same, and keeps each row's errors. Whatever
is written goes through a service, with its permission and its audit entry.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Model
from import_export.resources import ModelResource
from import_export.results import RowResult
from tablib import Dataset

from governance.actors import Actor
from governance.errors import Refusal
from tenants.tables.plan import Plan, Row, State
from tenants.tables.reading import Line

_STATES: dict[str, State] = {
    RowResult.IMPORT_TYPE_NEW: "new",
    RowResult.IMPORT_TYPE_UPDATE: "changed",
    RowResult.IMPORT_TYPE_SKIP: "same",
}


class ServiceResource(ModelResource):  # type: ignore[misc]  # the library has no types
    """Rows of one model that services write. Made anew for each import, with its actor."""

    title_column: ClassVar[str]

    def __init__(self, actor: Actor) -> None:
        super().__init__()
        self.actor = actor
        self.seen: dict[object, int] = {}

    def found(self, row: dict[str, str]) -> Model | None:
        """Return the row's object, None for a new one. Raises ValidationError."""
        raise NotImplementedError

    def add(self, row: dict[str, str]) -> Model:
        """Add the row's object by its service."""
        raise NotImplementedError

    def changes(self, instance: Any, row: dict[str, str]) -> dict[str, tuple[str, str]]:
        """Return heading → (is, shall be) of what differs. Raises ValidationError."""
        raise NotImplementedError

    def change(self, instance: Any, row: dict[str, str]) -> None:
        """Change the object by its services."""
        raise NotImplementedError

    def get_or_init_instance(
        self, instance_loader: object, row: dict[str, str]
    ) -> tuple[Any, bool]:
        """Find the object by our own rule; the library's would write what is missing."""
        found = self.found(row)
        if found is None:
            return self._meta.model(), True
        before = self.seen.setdefault(found.pk, int(row["#"]))
        if before != int(row["#"]):
            raise ValidationError(f"Row {before} is about the same one.")
        return found, False

    def import_instance(self, instance: Any, row: dict[str, str], **kwargs: Any) -> None:
        """Leave the object as it is: the services set what changes."""

    def skip_row(
        self,
        instance: Any,
        original: Any,
        row: dict[str, str],
        import_validation_errors: Any = None,
    ) -> bool:
        """Say whether nothing differs."""
        return bool(instance.pk) and not self.changes(instance, row)

    def validate_instance(self, instance: Any, *args: Any, **kwargs: Any) -> None:
        """The services validate."""

    def save_instance(self, instance: Any, is_create: bool, row: Any, **kwargs: Any) -> None:
        """Write by the services."""
        if is_create:
            self.seen[self.add(row).pk] = int(row["#"])
            row["~"] = ""
            return
        differences = self.changes(instance, row).items()
        row["~"] = "; ".join(
            f"{name}: {old or '–'} → {new or '–'}" for name, (old, new) in differences
        )
        self.change(instance, row)

    def save_m2m(self, instance: Any, row: Any, **kwargs: Any) -> None:
        """There is nothing that the services would not have written."""

    def after_import(self, dataset: Dataset, result: Any, **kwargs: Any) -> None:
        """Leave the sequences alone: the library would reset them, which is the owner's right."""

    @classmethod
    def run(cls, actor: Actor, lines: Sequence[Line]) -> Plan:
        """Write the lines, each in a savepoint of its own; the caller keeps it or takes it back."""
        names = [*(lines[0].cells if lines else ()), "#", "~"]
        dataset = Dataset(headers=names)
        for line in lines:
            dataset.append([*line.cells.values(), str(line.number), ""])
        resource = cls(actor)
        result = resource.import_data(dataset, dry_run=False, use_transactions=True)
        for problem in result.base_errors:
            raise problem.error
        rows = [
            resource.told(line, outcome) for line, outcome in zip(lines, result.rows, strict=True)
        ]
        return Plan(lines, rows)

    def told(self, line: Line, outcome: RowResult) -> Row:
        """Return what became of a line, in words."""
        title = line.cells.get(self.title_column, "") or "–"
        if outcome.validation_error is not None:
            return Row(line.number, "refused", title, " ".join(outcome.validation_error.messages))
        if outcome.errors:
            error = outcome.errors[0].error
            if not isinstance(error, Refusal | PermissionDenied):
                raise error
            return Row(line.number, "refused", title, str(error))
        state = _STATES[outcome.import_type]
        return Row(line.number, state, title, outcome.row_values.get("~") or "")

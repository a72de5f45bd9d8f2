"""Pinion PSA's REST interface: key in a header, page numbers, PascalCase, POST not idempotent."""

from typing import Final

from syncjobs.connectors.auth import KeyHeader
from syncjobs.connectors.base import ConnectionField
from syncjobs.connectors.descriptor import (
    Changes,
    ErrorShape,
    ObjectSpec,
    Operation,
    Paging,
    PushShape,
    RestDescriptor,
)
from syncjobs.connectors.dialects import PlainDialect
from syncjobs.connectors.sandbox_psa import fields


def _object(
    name: str,
    label: str,
    canonical: str,
    read: tuple[str, ...],
    target: tuple[str, ...],
    natural: str = "Number",
) -> ObjectSpec:
    path = f"/api/{name}"
    return ObjectSpec(
        name=name,
        label=label,
        canonical=canonical,
        path=path,
        rows="items",
        id="Id",
        version="ModifiedAt",
        modified="ModifiedAt",
        deleted="IsDeleted",
        deletes="flag",
        fields=read,
        target_fields=target,
        changes=Changes(field="modifiedSince", overlap=5),
        create=Operation(method="POST", path=path, reference="ExternalRef"),
        update=Operation(method="PUT", path=f"{path}/{{id}}"),
        look_up=("ExternalRef", natural),
    )


SYSTEM: Final = RestDescriptor(
    key="sandbox_psa",
    label="Pinion PSA",
    kind="psa",
    kinds=("psa", "time", "staffing"),
    summary="Projects with tasks, milestones and billing status, people, assignments, time and "
    "expenses.",
    auth=KeyHeader(header="X-Api-Key"),
    config_fields=(
        ConnectionField(
            name="base_url",
            label="Address",
            kind="url",
            help="Where the PSA answers, for example https://psa.example.com.",
        ),
    ),
    secret_fields=(
        ConnectionField(
            name="api_key",
            label="API key",
            kind="secret",
            help="Made in the PSA under Administration, Integrations.",
        ),
    ),
    paging=Paging(
        style="page",
        size_param="pageSize",
        page_param="page",
        total_path="totalCount",
        max_size=500,
    ),
    errors=ErrorShape(
        message="Message",
        code="Code",
        parts="Errors",
        part_field="Field",
        part_message="Message",
    ),
    dialect=PlainDialect(),
    pushes=PushShape(),
    objects=(
        _object("projects", "Projects", "project", fields.PROJECT, fields.PROJECT_TARGET, "Code"),
        _object("resources", "Resources", "resource", fields.RESOURCE, fields.RESOURCE_TARGET),
        _object(
            "assignments",
            "Assignments",
            "assignment",
            fields.ASSIGNMENT,
            fields.ASSIGNMENT_TARGET,
        ),
        _object("tasks", "Tasks", "task", fields.TASK, fields.TASK_TARGET),
        _object("timeEntries", "Time entries", "time_entry", fields.TIME, fields.TIME_TARGET),
        _object("expenses", "Expenses", "expense", fields.EXPENSE, fields.EXPENSE_TARGET),
        _object("milestones", "Milestones", "milestone", fields.MILESTONE, fields.MILESTONE_TARGET),
    ),
)

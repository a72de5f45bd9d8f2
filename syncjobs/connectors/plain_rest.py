"""Describes systems with the plain REST habits: bearer token, camelCase, cursor in the body."""

from syncjobs.connectors.auth import Bearer
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

STAMPS = ("id", "createdAt", "updatedAt", "archived")


def plain_object(
    path: str,
    label: str,
    canonical: str,
    read: tuple[str, ...],
    target: tuple[str, ...] = (),
    look_up: tuple[str, ...] = ("externalReference",),
) -> ObjectSpec:
    """With `target` fields it can be written, without them only read."""
    create = Operation(method="POST", path=path, reference="externalReference")
    update = Operation(method="PATCH", path=f"{path}/{{id}}")
    return ObjectSpec(
        name=path.rpartition("/")[2],
        label=label,
        canonical=canonical,
        path=path,
        rows="results",
        version="updatedAt",
        modified="updatedAt",
        deleted="archived",
        deletes="flag",
        params=(("archived", "true"),),
        fields=(*STAMPS, *read),
        target_fields=target,
        changes=Changes(field="updated_after", overlap=5),
        create=create if target else None,
        update=update if target else None,
        look_up=look_up if target else (),
    )


def plain_system(
    *, key: str, label: str, kind: str, summary: str, objects: tuple[ObjectSpec, ...]
) -> RestDescriptor:
    """A system whose address and access token are all that it takes to connect it."""
    return RestDescriptor(
        key=key,
        label=label,
        kind=kind,
        summary=summary,
        auth=Bearer(),
        config_fields=(
            ConnectionField(
                name="base_url",
                label="Address",
                kind="url",
                help="Where the system answers, for example https://api.example.com.",
            ),
        ),
        secret_fields=(
            ConnectionField(
                name="token",
                label="Access token",
                kind="secret",
                help="Made in the system under Settings, Access tokens.",
            ),
        ),
        paging=Paging(
            style="token",
            size_param="limit",
            token_param="cursor",  # noqa: S106  the name of a query parameter
            token_path="paging.next.after",  # noqa: S106  a path in the answer
            max_size=200,
        ),
        errors=ErrorShape(
            message="message",
            code="category",
            parts="errors",
            part_field="in",
            part_message="message",
        ),
        dialect=PlainDialect(),
        pushes=PushShape(),
        objects=objects,
    )

"""How the engine speaks to the bench's pair: a connector of the usual kind, known here alone."""

from typing import ClassVar, Final

from syncjobs.connectors import registry
from syncjobs.connectors.auth import Bearer
from syncjobs.connectors.base import ConnectionField
from syncjobs.connectors.declarative import RestConnector
from syncjobs.connectors.descriptor import (
    BatchShape,
    Changes,
    ErrorShape,
    ObjectSpec,
    Operation,
    Paging,
    PushShape,
    RestDescriptor,
)
from syncjobs.connectors.dialects import PlainDialect

KEY: Final = "bench"


def _target(name: str, *, keyed: bool, batch: int = 0) -> ObjectSpec:
    path = f"/{name}"
    change = Operation(method="PUT", path=f"{path}/{{id}}")
    return ObjectSpec(
        name=name,
        label=name.capitalize(),
        path=path,
        rows="results",
        readable=False,
        create=Operation(method="POST", path=path, reference="externalReference", keyed=keyed),
        update=change if keyed else None,
        look_up=("externalReference",),
        batch=BatchShape(path=f"{path}/batch", most=batch) if batch else None,
    )


SYSTEM: Final = RestDescriptor(
    key=KEY,
    label="Bench pair",
    kind="erp",
    kinds=("erp", "psa", "time"),
    summary="Time entries to read, invoice lines to write.",
    auth=Bearer(),
    config_fields=(
        ConnectionField(name="base_url", label="Address", kind="url", help="On loopback."),
    ),
    secret_fields=(ConnectionField(name="token", label="Token", kind="secret", help="Any."),),
    paging=Paging(
        style="token",
        size_param="limit",
        token_param="cursor",
        token_path="paging.next.after",
        max_size=500,
    ),
    errors=ErrorShape(message="message"),
    dialect=PlainDialect(),
    pushes=PushShape(),
    objects=(
        ObjectSpec(
            name="times",
            label="Times",
            canonical="time_entry",
            path="/times",
            rows="results",
            version="updatedAt",
            modified="updatedAt",
            changes=Changes(field="updated_after", overlap=5),
        ),
        # With keys; without any, for POST only; and 200 in one call.
        _target("lines", keyed=True),
        _target("plain", keyed=False),
        _target("batched", keyed=True, batch=200),
    ),
)


class BenchPair(RestConnector):
    """See `SYSTEM`."""

    system: ClassVar[RestDescriptor] = SYSTEM


def make_known() -> None:
    """Add it to this process' catalogue, which is closed for everybody else."""
    vars(registry)["_TYPES"].setdefault(KEY, registry.ConnectorType(BenchPair))

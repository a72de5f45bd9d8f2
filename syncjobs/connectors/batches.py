"""Several creates in one call, each with an outcome of its own."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from syncjobs.connectors.base import Write, Written
from syncjobs.connectors.calls import Call, Reply, vendor_words
from syncjobs.connectors.codec import at, text_at
from syncjobs.connectors.errors import ConnectorError, Unknown
from syncjobs.connectors.outcomes import Effect, from_status

if TYPE_CHECKING:
    from syncjobs.connectors.declarative import RestConnector
    from syncjobs.connectors.descriptor import BatchShape, ObjectSpec


def write_batch(
    connector: "RestConnector", spec: "ObjectSpec", shape: "BatchShape", writes: Sequence[Write]
) -> list[Written | ConnectorError]:
    """Send one call; return an outcome for each write, in order.

    Raises a ConnectorError where the call as a whole failed: it then stands for each of them.
    """
    create = spec.create
    assert create is not None
    bodies = [connector.body_for(spec, create, one) for one in writes]
    rows = [
        {shape.key: one.idempotency_key, shape.data: body}
        for one, body in zip(writes, bodies, strict=True)
    ]
    effect = Effect.KEYED if create.keyed else Effect.TWICE
    call = Call(method="POST", path=shape.path, body={shape.rows: rows}, effect=effect)
    reply = connector.caller.send(call)
    found = at(reply.data, shape.results)
    results = found if isinstance(found, list) else []
    answered = [
        _outcome(connector, spec, shape, write, body, result)
        for write, body, result in zip(writes, bodies, results, strict=False)
    ]
    missing: list[Written | ConnectorError] = [
        Unknown("The system did not say what became of this record.", status=reply.status)
        for _ in writes[len(answered) :]
    ]
    return [*answered, *missing]


def _outcome(
    connector: "RestConnector",
    spec: "ObjectSpec",
    shape: "BatchShape",
    write: Write,
    body: object,
    result: object,
) -> Written | ConnectorError:
    """Read one record's outcome; what is stored of the request is this record's part only."""
    create = spec.create
    assert create is not None
    status = text_at(result, shape.status)
    data = at(result, shape.body)
    one = Call(method="POST", path=shape.path, body=body)
    if len(status) != 3 or not status.isdecimal():
        return Unknown("The system did not say what became of this record.")
    code = int(status)
    if code >= 300:
        message, detail = vendor_words(connector.system.errors, data)
        effect = Effect.KEYED if create.keyed else Effect.TWICE
        error = from_status(code, {}, effect, message=message, detail=detail)
        error.detail["request"] = connector.shown(one, write)
        return connector.caller.scrub.error(error)
    try:
        return connector.written(spec, write, one, Reply(code, {}, data))
    except ConnectorError as error:
        return error

"""Calls for the layers below, through the same guarded door as the connectors'."""

from collections.abc import Mapping

from syncjobs.connectors.errors import ConnectorError
from syncjobs.connectors.http import HttpClient, Limits, Request
from tenants.outbound import CallFailed

_LIMITS = Limits(connect=5, read=10, whole=15, max_bytes=512 * 1024)


def call(
    method: str, url: str, headers: Mapping[str, str], body: bytes | None
) -> tuple[int, bytes]:
    """Make one call and close; raises CallFailed."""
    client = HttpClient(limits=_LIMITS)
    try:
        answer = client.send(Request(method=method, url=url, headers=headers, body=body))
    except ConnectorError as error:
        raise CallFailed(str(error)) from None
    finally:
        client.close()
    return answer.status, answer.body

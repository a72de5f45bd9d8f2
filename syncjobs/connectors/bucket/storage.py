"""A bucket of an object storage that speaks S3: its list and its objects, by signed calls.

The signature is botocore's, which is loaded with the first call: most processes never make one.
The call itself goes the way of every connector's, with its rules for addresses and its limits of
time and size.
"""

import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import quote, urlencode
from xml.etree.ElementTree import Element

from syncjobs.connectors.errors import Config, ConnectorError, Permanent, Transient
from syncjobs.connectors.files.fetching import Changing, Refused
from syncjobs.connectors.files.folder import Entry
from syncjobs.connectors.http import Answer, HttpClient, Request
from syncjobs.connectors.outcomes import Effect, from_status
from tenants import xml_text

MOST_ENTRIES: Final = 5_000
_MOST_LISTS: Final = 10
_CODE: Final = re.compile(rb"<Code>([A-Za-z0-9.]{1,80})</Code>")
_REGION: Final = "x-amz-bucket-region"
_WORDS: Final[Mapping[str, str]] = {
    "NoSuchBucket": "There is no such bucket.",
    "AccessDenied": "The key may not do this: it needs to list the bucket and read its objects.",
    "InvalidAccessKeyId": "The storage does not know the access key.",
    "SignatureDoesNotMatch": "The storage refuses the secret of the access key.",
    "RequestTimeTooSkewed": "The clocks of the storage and of this server differ too much.",
}


@dataclass(frozen=True, slots=True)
class Place:
    """Which part of which bucket, and with which key. `address` begins with https://."""

    address: str
    region: str
    bucket: str
    folder: str
    key_id: str
    secret: str


class Storage:
    """The objects directly under a folder. What is there is whole: it never waits."""

    still: int = 0

    def __init__(self, place: Place, http: HttpClient) -> None:
        self._place, self._http = place, http
        folder = place.folder.strip("/")
        self._prefix = f"{folder}/" if folder else ""
        self._tags: dict[str, str] = {}

    def entries(self) -> list[Entry]:
        """List the folder. Raises Permanent where it holds too much, Config, Transient."""
        found: list[Entry] = []
        token = ""
        for _ in range(_MOST_LISTS):
            root = self._list(token)
            found += [self._entry(one) for one in root if _name(one) == "Contents"]
            token = _text(root, "NextContinuationToken")
            if not token:
                # The folder itself may be an empty object of its own.
                return [one for one in found if one.name]
            if len(found) > MOST_ENTRIES:
                break
        raise Permanent(f"The folder holds more than {MOST_ENTRIES:,} files. Move old ones.")

    def content(self, entry: Entry) -> bytes:
        """Return an object as it was listed. Raises Refused, Changing."""
        tag = self._tags.get(entry.name, "")
        answer = self._get(
            quote(f"{self._prefix}{entry.name}", safe="/~"), (), {"If-Match": tag} if tag else {}
        )
        if answer.status in {404, 412}:
            raise Changing
        if answer.status == 403:
            raise Refused("The storage does not let it be read.")
        if answer.status != 200:
            raise _refusal(answer)
        return answer.body

    def taken_in(self, name: str, modified: int) -> None:
        """Leave it there."""

    def _list(self, token: str) -> Element:
        asked = [("delimiter", "/"), ("list-type", "2"), ("prefix", self._prefix)]
        if token:
            asked.insert(0, ("continuation-token", token))
        answer = self._get("", tuple(asked), {})
        if answer.status != 200:
            raise _refusal(answer)
        try:
            root = xml_text.parse(answer.body)
        except (ValueError, LookupError) as error:
            raise Config("What answers there is no object storage that speaks S3.") from error
        if _name(root) != "ListBucketResult":
            raise Config("What answers there is no object storage that speaks S3.")
        return root

    def _entry(self, one: Element) -> Entry:
        name = _text(one, "Key").removeprefix(self._prefix)
        self._tags[name] = _text(one, "ETag")
        try:
            modified = int(datetime.fromisoformat(_text(one, "LastModified")).timestamp())
            size = int(_text(one, "Size"))
        except (ValueError, OverflowError) as error:
            raise Transient("The storage's list cannot be read.") from error
        return Entry(name, size, modified, stat.S_IFREG)

    def _get(
        self, key: str, params: tuple[tuple[str, str], ...], headers: Mapping[str, str]
    ) -> Answer:
        """Send a signed call."""
        url = f"{self._place.address.rstrip('/')}/{self._place.bucket}"
        url += f"/{key}" if key else ""
        url += f"?{urlencode(params, quote_via=quote)}" if params else ""
        signed = _signed(self._place, url, headers)
        return self._http.send(Request(method="GET", url=url, headers=signed, effect=Effect.NONE))


def _signed(place: Place, url: str, headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers of a call with its signature."""
    from botocore.auth import S3SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    request = AWSRequest(method="GET", url=url, headers=dict(headers))
    key = Credentials(place.key_id, place.secret)
    S3SigV4Auth(key, "s3", place.region or "us-east-1").add_auth(request)
    return {str(name): str(value) for name, value in request.headers.items()}


def _refusal(answer: Answer) -> ConnectorError:
    """Return what an answer of status 300 or more says, in plain words."""
    found = _CODE.search(answer.body)
    code = found[1].decode() if found else ""
    region = answer.headers.get(_REGION, "")
    if region and answer.status in {301, 307, 400}:
        return Config(f"The bucket lies in the region {region[:40]}.", status=answer.status)
    if code in _WORDS:
        return Config(_WORDS[code], status=answer.status)
    words = f"The storage says {code}." if code else ""
    return from_status(answer.status, answer.headers, Effect.NONE, message=words)


def _name(one: Element) -> str:
    return one.tag.rpartition("}")[2]


def _text(parent: Element, name: str) -> str:
    return next((one.text or "" for one in parent if _name(one) == name), "")

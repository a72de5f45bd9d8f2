"""Files that a client's system drops in object storage: taken in like uploaded ones."""

import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Final

from syncjobs.connectors.base import Budget, Check, ConnectionField, Descriptor, Page
from syncjobs.connectors.bucket.storage import Place, Storage
from syncjobs.connectors.egress import AddressRefused, checked_url
from syncjobs.connectors.errors import Config
from syncjobs.connectors.files import (
    BUCKET,
    HOLDS,
    OBJECTS,
    PATTERN,
    STANDS_FOR,
    OnlyRead,
    every,
    require_kind,
)
from syncjobs.connectors.files.fetching import ELSE, fetch, stepwise, try_files
from syncjobs.connectors.http import HttpClient, Limits
from syncjobs.sheets import MAX_BYTES

_STEPS: Final = ("List the folder", "Read a file")
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_REGION: Final = re.compile(r"[a-z0-9-]{0,40}")

DESCRIPTOR: Final = Descriptor(
    key=BUCKET,
    label="Files in object storage",
    kind="files",
    summary="CSV, Excel (.xlsx) and JSON Lines files, fetched from a bucket that speaks S3.",
    config_fields=(
        STANDS_FOR,
        HOLDS,
        ConnectionField(
            name="base_url",
            label="Address of the storage",
            kind="url",
            help="Such as https://s3.eu-central-1.amazonaws.com, without the bucket.",
        ),
        ConnectionField(
            name="region", label="Region", required=False, help="Such as eu-central-1."
        ),
        ConnectionField(name="bucket", label="Bucket", help="Its name, such as acme-exports."),
        ConnectionField(
            name="folder",
            label="Folder",
            required=False,
            help="Such as exports/time. Folders in it are left alone.",
        ),
        PATTERN,
        ConnectionField(
            name="key_id", label="Access key", help="It needs to list the bucket and read it only."
        ),
        every("A file that was taken in stays there, and comes again only when it changes."),
    ),
    secret_fields=(
        ConnectionField(
            name="secret",
            label="Secret of the key",
            kind="secret",
            help="Shown once, when the key was made.",
        ),
    ),
    objects=OBJECTS,
    writes_idempotent=False,
    fetches=True,
)


class Bucket(OnlyRead):
    """Each reading and each test makes its own connections."""

    descriptor = DESCRIPTOR

    def __init__(
        self,
        config: Mapping[str, object],
        secret: Mapping[str, object],
        *,
        budget: Budget | None = None,
    ) -> None:
        require_kind(config)
        text = {name: str(value).strip() for name, value in config.items()}
        try:
            address = checked_url(text.get("base_url", ""))
        except AddressRefused as error:
            raise Config(str(error)) from error
        if "?" in address or "#" in address:
            raise Config("Address of the storage: leave out what follows a ? or #.")
        if not _NAME.fullmatch(text.get("bucket", "")):
            raise Config("Bucket: its name has 3 to 63 small letters, digits, dots and hyphens.")
        if not _REGION.fullmatch(text.get("region", "")):
            raise Config("Region: small letters, digits and hyphens, such as eu-central-1.")
        if not secret.get("secret") or not text.get("key_id"):
            raise Config("Give an access key and its secret.")
        self._object, self._pattern = text.get("object", ""), text.get("pattern", "")
        self._budget = budget
        self._place = Place(
            address=address,
            region=text.get("region", ""),
            bucket=text["bucket"],
            folder=text.get("folder", ""),
            key_id=text["key_id"],
            secret=str(secret["secret"]),
        )

    def close(self) -> None:
        """Nothing is open between two readings."""

    def check(self) -> list[Check]:
        """List the folder, read a file of it."""
        return stepwise(_STEPS, self._tried())

    def _tried(self) -> Iterator[str]:
        with closing(self._http()) as http:
            yield from try_files(Storage(self._place, http), self._pattern)

    def read(
        self,
        object: str,  # noqa: A002  the domain's word
        cursor: Mapping[str, object] | None,
        *,
        page_size: int = 200,
    ) -> Iterator[Page]:
        """Give each new file once; the cursor remembers what was given."""
        if object != self._object:
            yield Page((), cursor or {}, last=True, note=ELSE)
            return
        with closing(self._http()) as http:
            storage = Storage(self._place, http)
            yield from fetch(storage, self._pattern, cursor or {}, self._budget)

    def _http(self) -> HttpClient:
        return HttpClient(limits=Limits(max_bytes=MAX_BYTES + 1))

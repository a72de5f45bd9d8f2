"""Files that a client's system drops in object storage: taken in like uploaded ones."""

import re
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Final

from syncjobs.connectors.base import Budget, Check, ConnectionField, Descriptor
from syncjobs.connectors.bucket.storage import Place, Storage
from syncjobs.connectors.egress import AddressRefused, checked_url
from syncjobs.connectors.errors import Config
from syncjobs.connectors.files import (
    BUCKET,
    HOLDS,
    OBJECTS,
    PATTERN,
    STANDS_FOR,
    every,
)
from syncjobs.connectors.files.fetching import Fetched, stepwise, try_files
from syncjobs.connectors.http import HttpClient, Limits
from syncjobs.sheets import MAX_BYTES

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


class Bucket(Fetched):
    """A folder of a bucket."""

    descriptor = DESCRIPTOR

    def __init__(
        self,
        config: Mapping[str, object],
        secret: Mapping[str, object],
        *,
        budget: Budget | None = None,
    ) -> None:
        super().__init__(config, secret, budget=budget)
        text = self._text
        if not secret.get("secret") or not text.get("key_id"):
            raise Config("Give an access key and its secret.")
        self._place = Place(
            address=_address(text.get("base_url", "")),
            region=text.get("region", ""),
            bucket=text.get("bucket", ""),
            folder=text.get("folder", ""),
            key_id=text["key_id"],
            secret=str(secret["secret"]),
        )
        if not _NAME.fullmatch(self._place.bucket):
            raise Config("Bucket: its name has 3 to 63 small letters, digits, dots and hyphens.")
        if not _REGION.fullmatch(self._place.region):
            raise Config("Region: small letters, digits and hyphens, such as eu-central-1.")

    def check(self) -> list[Check]:
        """List the folder, read a file of it."""
        return stepwise(("List the folder", "Read a file"), self._tried())

    def _tried(self) -> Iterator[str]:
        with self.opened() as storage:
            yield from try_files(storage, self._pattern)

    @contextmanager
    def opened(self) -> Iterator[Storage]:
        """Make connections for one reading."""
        with closing(HttpClient(limits=Limits(max_bytes=MAX_BYTES + 1))) as http:
            yield Storage(self._place, http)


def _address(text: str) -> str:
    try:
        address = checked_url(text)
    except AddressRefused as error:
        raise Config(str(error)) from error
    if "?" in address or "#" in address:
        raise Config("Address of the storage: leave out what follows a ? or #.")
    return address

"""Where base models come from: a folder, `s3://bucket/prefix`, a hub id `owner/name@revision`, or
`jumpstart:MODEL_ID@VERSION`.

Whatever is wrong with one is found before it is fetched: what is read first are names, sizes,
configuration and the weights' headers.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from bases.hub import HUB_ID, HubModel
from bases.jumpstart import JUMPSTART_ID, fetch_archive, find_model, keep_eula
from bases.licence import licence_files
from contract.base_extras import extra_files
from contract.base_files import BaseFiles, FolderFiles
from contract.base_folder import checked
from contract.base_layout import INDEX_FILE
from contract.errors import ContractError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from contract.base_layout import Layout

CACHE = Path("~/.cache/avatar-bases").expanduser()
SHIPPED_FOLDER = Path(__file__).parent.parent / "models"
SHIPPED = {
    path.parent.name: path.parent for path in sorted(SHIPPED_FOLDER.glob("*/model_index.json"))
}
# diffusers' LORA_WEIGHT_NAME_SAFE; the public LCM-LoRAs have it too.
LORA_FILE = "pytorch_lora_weights.safetensors"
_S3_URI = re.compile(r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/(?P<prefix>.+)")


class BaseSourceError(ContractError):
    """There is no base model there, or it may not be read; the message says which."""


class Remote(BaseFiles, Protocol):
    """A base model elsewhere."""

    def fetch(self, layout: Layout, cache: Path) -> Path:
        """Bring the layout's files, the extra ones beside them, and the licence, under `cache`.

        Returns the model's folder.
        """
        ...


def fetch_base(source: str, cache: Path, *, s3: S3Client | None, hub: str | None = None) -> Path:
    """The folder of a checked base model, fetched if it lies elsewhere.

    `s3` is needed for s3:// and jumpstart:, `hub` is another hub's address. What was fetched stays
    in `cache` and is not fetched again. Half-precision weights are taken where there is a choice.

    Raises BaseSourceError, or BaseFolderError for a model that is not whole or of no use.
    """
    folder = SHIPPED.get(source, Path(source))
    if folder.is_dir():
        checked(FolderFiles(folder))
        return folder
    try:
        if match := JUMPSTART_ID.fullmatch(source):
            return _from_jumpstart(_needed(s3, source), match, cache)
        remote = _remote(source, s3, hub)
        layout = checked(remote, prefer_half=True)
        return remote.fetch(layout, cache)
    except (ClientError, BotoCoreError) as error:
        code = error.response["Error"]["Code"] if isinstance(error, ClientError) else str(error)
        raise BaseSourceError(f"{source} cannot be read: {code}") from error


def fetch_lora(source: str, cache: Path, *, hub: str | None = None) -> Path:
    """The weights of a published LoRA: a file, a folder or a hub id, named as diffusers saves them.

    Raises BaseSourceError.
    """
    path = Path(source)
    path = path / LORA_FILE if path.is_dir() else path
    if path.is_file():
        return path
    if match := HUB_ID.fullmatch(source):
        return HubModel(match["id"], match["revision"], hub).fetch_file(LORA_FILE, cache)
    raise BaseSourceError(f"{source} is no file, no folder with {LORA_FILE} and no hub id")


def _remote(source: str, s3: S3Client | None, hub: str | None) -> Remote:
    if match := _S3_URI.fullmatch(source):
        return S3Model(_needed(s3, source), match["bucket"], match["prefix"].rstrip("/") + "/")
    if match := HUB_ID.fullmatch(source):
        return HubModel(match["id"], match["revision"], hub)
    raise BaseSourceError(
        f"{source} is no folder, no s3://bucket/prefix, no hub id and no jumpstart:MODEL_ID"
    )


def _needed(s3: S3Client | None, source: str) -> S3Client:
    if s3 is None:
        raise BaseSourceError(f"{source} needs AWS credentials")
    return s3


def _from_jumpstart(s3: S3Client, name: re.Match[str], cache: Path) -> Path:
    model = find_model(s3, name["id"], name["version"])
    if model.is_archive:
        folder = fetch_archive(s3, model, cache)
        checked(FolderFiles(folder))
    else:
        remote = S3Model(s3, model.bucket, model.key.rstrip("/") + "/")
        if INDEX_FILE not in remote.sizes():
            raise model.useless()
        folder = remote.fetch(checked(remote, prefer_half=True), cache)
    keep_eula(s3, model, folder)
    return folder


class S3Model:
    """A prefix in a bucket."""

    def __init__(self, s3: S3Client, bucket: str, prefix: str) -> None:
        self._s3, self._bucket, self._prefix = s3, bucket, prefix
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        self._sizes = {
            entry["Key"].removeprefix(prefix): entry["Size"]
            for page in pages
            for entry in page.get("Contents", [])
        }
        if not self._sizes:
            raise BaseSourceError(f"there is nothing in s3://{bucket}/{prefix}")

    def sizes(self) -> dict[str, int]:
        """See BaseFiles."""
        return self._sizes

    def read(self, name: str, start: int, count: int) -> bytes:
        """See BaseFiles."""
        end = min(start + count, self._sizes[name]) - 1
        if end < start:
            return b""
        answer = self._s3.get_object(
            Bucket=self._bucket, Key=self._prefix + name, Range=f"bytes={start}-{end}"
        )
        return answer["Body"].read()

    def fetch(self, layout: Layout, cache: Path) -> Path:
        """See Remote. A file that is there with the right size is not fetched again."""
        folder = cache / self._bucket / self._prefix
        beside = [*extra_files(self._sizes), *licence_files(self._sizes)]
        for name in [*layout.files, *beside]:
            path = folder / name
            if path.exists() and path.stat().st_size == self._sizes[name]:
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            self._s3.download_file(self._bucket, self._prefix + name, str(path))
        return folder

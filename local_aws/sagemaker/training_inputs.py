"""Input channels in File mode: objects of S3 become files below `input/data/<channel>`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from local_aws.sagemaker.errors import StoreError
from local_aws.sagemaker.ports import ObjectStore, S3Uri
from local_aws.sagemaker.training_request import Channel


class InputError(Exception):
    """A channel cannot be provided; the text becomes the job's FailureReason."""


def download(store: ObjectStore, channel: Channel, folder: Path) -> int:
    """Copy the channel's objects into `folder`; returns how many.

    Raises:
        InputError: nothing there, not readable with the role, or a malformed manifest.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        found = (
            _manifest_objects(store, channel) if channel.manifest else _prefix(store, channel.uri)
        )
        if not found:
            message = (
                f'ClientError: Data download failed:No S3 objects found under S3 URL "{channel.uri}'
                '" given in input data source. Please ensure that the bucket exists in the selected'
                " region, that objects exist under that S3 prefix, and that the role has "
                f's3:ListBucket permissions on bucket "{channel.uri.bucket}".'
            )
            raise InputError(message)
        for uri, name in found:
            path = inside(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            store.download(uri, path)
    except StoreError as error:
        message = f"ClientError: Data download failed:{error}"
        raise InputError(message) from error
    return len(found)


def inside(folder: Path, name: str) -> Path:
    """The path `name` below `folder`; a key with `..` must not lead out of it.

    Raises:
        InputError: it would.
    """
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        message = f"ClientError: Data download failed:object name '{name}' leaves its folder"
        raise InputError(message)
    return path


def _prefix(store: ObjectStore, prefix: S3Uri) -> list[tuple[S3Uri, str]]:
    """Objects under a prefix with their names below it.

    As in AWS, the name starts after the prefix's last `/`, so that `…/photos` matches
    `…/photos-old` too: a prefix is no folder.
    """
    start = prefix.key.rfind("/") + 1
    if prefix.key.endswith("/"):
        start = len(prefix.key)
    return [
        (found.uri, found.uri.key[start:])
        for found in store.list(prefix)
        if not found.uri.key.endswith("/")
    ]


def _manifest_objects(store: ObjectStore, channel: Channel) -> list[tuple[S3Uri, str]]:
    """`[{"prefix": "s3://…/"}, "name", …]`: each name is appended to the prefix (S3DataSource)."""
    try:
        document: Any = json.loads(store.read(channel.uri))
    except ValueError as error:
        message = f"ClientError: Data download failed:manifest {channel.uri} is not JSON"
        raise InputError(message) from error
    if (
        not isinstance(document, list)
        or not document
        or not isinstance(document[0], dict)
        or not isinstance(document[0].get("prefix"), str)
        or not all(isinstance(name, str) for name in document[1:])
    ):
        message = f"ClientError: Data download failed:manifest {channel.uri} is malformed"
        raise InputError(message)
    prefix = document[0]["prefix"]
    return [(S3Uri.parse(prefix + name), name) for name in document[1:]]

"""A base model in SageMaker's JumpStart catalogue: `jumpstart:MODEL_ID@VERSION`.

The catalogue is a list in a bucket of each region, which the SageMaker SDK reads. What a model of
it consists of differs: a folder in S3, or a tar archive, known only once it is fetched. Many are
made for a container of their own and are no use here, which is said, with the artifact's address.
"""

from __future__ import annotations

import logging
import re
import shutil
import tarfile
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from bases.licence import MAX_LICENCE_BYTES
from contract.base_layout import INDEX_FILE
from contract.errors import ContractError

if TYPE_CHECKING:
    from pathlib import Path

    from mypy_boto3_s3 import S3Client

JUMPSTART_ID = re.compile(
    r"jumpstart:(?P<id>[a-z0-9][a-z0-9-]{0,254})(?:@(?P<version>[0-9][0-9.]{0,30}))?", re.ASCII
)
EULA_FILE = "EULA.txt"
_NEWEST = "*"
# Bare weights before those packed with a program to serve them.
_ARTIFACTS = ("training_artifact_key", "hosting_artifact_key", "hosting_prepacked_artifact_key")
_ARCHIVES = (".tar.gz", ".tgz", ".tar")


class JumpStartError(ContractError):
    """The catalogue does not give this model, or not in a form that is of use; says why."""


@dataclass(frozen=True)
class JumpStartModel:
    """One version of a model: where its artifact lies, and its end-user licence, if it has one."""

    id: str
    version: str
    bucket: str
    key: str
    eula: tuple[str, str] | None  # bucket, key

    @property
    def uri(self) -> str:
        """The artifact's address."""
        return f"s3://{self.bucket}/{self.key}"

    @property
    def is_archive(self) -> bool:
        """Whether it has to be unpacked, rather than lying in S3 file by file."""
        return self.key.endswith(_ARCHIVES)

    def useless(self) -> JumpStartError:
        """It is of no use here."""
        return JumpStartError(
            f"{self.id} in JumpStart is not in diffusers layout ({INDEX_FILE} is missing from"
            f" {self.uri}): it is made for a container of its own. Take the model from its makers,"
            " by its hub id or as a folder"
        )


def find_model(s3: S3Client, model_id: str, version: str | None) -> JumpStartModel:
    """Look a model up in the catalogue of the client's region; raises JumpStartError, ClientError.

    Without a version it is the newest one that the installed SDK understands.
    """
    region = s3.meta.region_name
    specs, content, gated = _specs(s3, region, model_id, version or _NEWEST)
    if specs.deprecated:
        raise JumpStartError(f"{model_id} is withdrawn from JumpStart: {specs.deprecated_message}")
    keys = [key for name in _ARTIFACTS if (key := getattr(specs, name, None))]
    if not keys:
        raise JumpStartError(f"{model_id} has no artifact in JumpStart that could be mirrored")
    key = next((each for each in keys if not each.endswith(_ARCHIVES)), keys[0])
    eula = (content, specs.hosting_eula_key) if specs.hosting_eula_key else None
    return JumpStartModel(model_id, specs.version, gated or content, key, eula)


def _specs(s3: S3Client, region: str, model_id: str, version: str) -> tuple[Any, str, str]:
    """The SDK's word on a model, and the region's two buckets: for all, and for gated models."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the SDK's imports warn about each other
        logging.getLogger("sagemaker").setLevel(logging.ERROR)
        # It costs a second and more, and most bases come from elsewhere.
        from sagemaker.core.jumpstart import utils
        from sagemaker.core.jumpstart.cache import JumpStartModelsCache

        try:
            catalogue = JumpStartModelsCache(region=region, s3_client=s3)
            specs = catalogue.get_specs(model_id, version)
            return (
                specs,
                utils.get_jumpstart_content_bucket(region),
                utils.get_jumpstart_gated_content_bucket(region) if specs.gated_bucket else "",
            )
        except KeyError as error:
            raise JumpStartError(str(error.args[0])) from error
        except ValueError as error:
            raise JumpStartError(str(error)) from error


def fetch_archive(s3: S3Client, model: JumpStartModel, cache: Path) -> Path:
    """Fetch and unpack a model's archive under `cache`; returns the folder of its weights.

    What was unpacked is not fetched again. Raises JumpStartError, ClientError.
    """
    home = cache / "jumpstart" / model.id / model.version
    if not home.exists():
        partial = home.with_name(f".{model.version}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        archive = partial / "artifact"
        s3.download_file(model.bucket, model.key, str(archive))
        try:
            with tarfile.open(archive) as opened:
                opened.extractall(partial, filter="data")  # nothing outside, no links, no devices
        except (tarfile.TarError, EOFError, OSError) as error:
            raise JumpStartError(f"{model.uri} cannot be unpacked") from error
        archive.unlink()
        partial.rename(home)
    found = sorted(home.rglob(INDEX_FILE), key=lambda path: len(path.parts))
    if not found:
        raise model.useless()
    return found[0].parent


def keep_eula(s3: S3Client, model: JumpStartModel, folder: Path) -> None:
    """Put the model's end-user licence, if it has one, where its licence is looked for."""
    if model.eula is None:
        return
    bucket, key = model.eula
    try:
        answer = s3.get_object(Bucket=bucket, Key=key)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        raise JumpStartError(f"the licence of {model.id} cannot be read: {code}") from error
    # One byte more than may be: a longer one is refused where it is read.
    (folder / EULA_FILE).write_bytes(answer["Body"].read(MAX_LICENCE_BYTES + 1))

"""Publish a base model: `python -m bases.publish --source SOURCE --id ID --bucket BUCKET`.

SOURCE is a folder, s3://bucket/prefix, a hub id or one of JumpStart (`bases/source.py`). The
model's licence is shown and has to be accepted. What is uploaded is the weights, the bootstrap, who
accepted the licence and, last, `base.json`: where that lies, the model is whole. What is there
already is not sent again, so an interrupted run goes on where it stopped.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import boto3
from botocore.exceptions import ClientError

from bases.acceptance import acceptance_of, accepted_before
from bases.bucket import Bucket, S3Bucket
from bases.licence import LICENCE_RECORD, Acceptance, Licence, licence_in
from bases.source import CACHE, LORA_FILE, SHIPPED, SHIPPED_FOLDER, fetch_base, fetch_lora
from contract.adapter import file_sha256
from contract.architecture import ARCHITECTURES
from contract.base_extras import extra_files
from contract.base_files import FolderFiles
from contract.base_folder import content_hash, family_of, model_files
from contract.base_model import BASE_FILE, BaseModel
from contract.errors import ContractError
from contract.few_step import FEW_STEP_FOLDER, checked_tier

_CODE_FILE = "code/inference.py"
_BOOTSTRAP = Path(__file__).parent.parent / "inference" / "bootstrap.py"
_MIB = 1024 * 1024


class AlreadyPublishedError(Exception):
    """Another model lies under this id; adapters were made for it."""


class NotServedError(Exception):
    """The endpoint does not know the model's family."""


def publish(
    folder: Path,
    base_id: str,
    bucket: Bucket,
    *,
    accepted: Acceptance | None = None,
    replace: bool = False,
    for_training_only: bool = False,
    few_step: Path | None = None,
) -> BaseModel:
    """Upload what is missing; `few_step` is a LoRA to make the base's few-step tier of.

    `accepted` is put beside the base, unless the same text was accepted before. Before any upload
    it raises BaseFolderError, FewStepError, NotServedError (unless `for_training_only`) or
    AlreadyPublishedError.
    """
    files = model_files(folder)
    is_served = ARCHITECTURES[family_of(folder)].is_served
    if not is_served and not for_training_only:
        raise NotServedError(
            f"bases of family {family_of(folder)} can be trained, but not served: "
            "say --for-training-only to publish it for training jobs"
        )
    _say(f"Reading {len(files)} files of {folder.name} ...")
    base = BaseModel(base_id, content_hash(folder), family_of(folder))
    description = base.to_json()
    prefix = f"base/{base_id}"
    present = bucket.read(f"{prefix}/{BASE_FILE}")
    if present is not None and not replace and BaseModel.from_json(present) != base:
        raise AlreadyPublishedError(
            f"another model is published as {base_id}, and adapters may depend on it: "
            "choose another --id, or say --replace"
        )
    names = [*(file.as_posix() for file in files), *extra_files(FolderFiles(folder).sizes())]
    found = {name: folder / name for name in names}
    if is_served:
        found[_CODE_FILE] = _BOOTSTRAP
    with tempfile.TemporaryDirectory() as scratch:
        if few_step is not None:
            found |= _tier_of(few_step, folder, base, Path(scratch))
        checked_tier(Path(scratch) if few_step else folder, base)
        _upload(bucket, prefix, found)
    if accepted is not None and accepted_before(bucket, base_id, accepted.licence) is None:
        bucket.store_text(f"{prefix}/{LICENCE_RECORD}", accepted.to_json())
    if present is None or BaseModel.from_json(present) != base:
        bucket.store_text(f"{prefix}/{BASE_FILE}", description)
    _say(f"Published {base_id} ({base.family}), hash {base.hash[:12]}.")
    return base


def _tier_of(weights: Path, folder: Path, base: BaseModel, scratch: Path) -> dict[str, Path]:
    """The files of the tier that a LoRA makes, by name in the base's folder."""
    # torch and diffusers take seconds to import, and most bases come without a tier.
    from bases.few_step import write_tier

    tier = write_tier(weights, folder, base, scratch / FEW_STEP_FOLDER)
    offer = {"steps": vars(tier.steps), "cfg_scale": vars(tier.cfg_scale)}
    _say(f'Few steps: in cdk.json, under base_model: "few_step": {json.dumps(offer)}')
    return {
        path.relative_to(scratch).as_posix(): path
        for path in sorted((scratch / FEW_STEP_FOLDER).iterdir())
    }


def _upload(bucket: Bucket, prefix: str, found: dict[str, Path]) -> None:
    for number, (name, path) in enumerate(found.items(), start=1):
        digest = file_sha256(path)
        there = bucket.digest(f"{prefix}/{name}") == digest
        if not there:
            bucket.store(f"{prefix}/{name}", path, digest)
        size = path.stat().st_size / _MIB
        state = "is there" if there else "uploaded"
        _say(f"[{number}/{len(found)}] {name} ({size:.1f} MiB) {state}")


def _licence_of(given: argparse.Namespace, folder: Path) -> Licence:
    if given.licence_file:
        return Licence.of(given.licence_file)
    # Those that ship were made by this project, and share one text.
    return licence_in(SHIPPED_FOLDER if folder in SHIPPED.values() else folder)


def _caller() -> str:
    """Whoever AWS knows the caller as: a name that somebody types proves nothing."""
    return boto3.client("sts").get_caller_identity()["Arn"]


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def main(arguments: Sequence[str]) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m bases.publish", description="Publish a base model to S3."
    )
    parser.add_argument(
        "--source",
        required=True,
        help="a folder in diffusers layout, s3://bucket/prefix, a hub id (owner/name@revision), "
        "jumpstart:MODEL_ID (of SageMaker's catalogue), "
        f"or one that is shipped: {', '.join(SHIPPED)}",
    )
    parser.add_argument("--id", required=True, help="the name under which it is published")
    parser.add_argument("--cache", type=Path, default=CACHE, help="where fetched models are kept")
    parser.add_argument(
        "--for-training-only", action="store_true", help="a family that the endpoint cannot serve"
    )
    parser.add_argument(
        "--few-step",
        metavar="SOURCE",
        help="a LoRA for drawing in a few steps, such as latent-consistency/lcm-lora-sdxl: "
        f"a file, a folder with {LORA_FILE}, or a hub id (owner/name@revision)",
    )
    parser.add_argument("--bucket", required=True, help="the models bucket")
    parser.add_argument("--kms-key", help="ARN of the key to encrypt with")
    parser.add_argument(
        "--licence-file", type=Path, help="the licence's text, where the model comes without it"
    )
    parser.add_argument(
        "--accept-licence",
        metavar="HASH",
        help="accept the licence whose text has this SHA-256 (12 digits will do); without it, the "
        "text is shown, and asked about at a terminal",
    )
    parser.add_argument("--replace", action="store_true", help="even if adapters depend on it")
    given = parser.parse_args(arguments)
    try:
        folder = fetch_base(given.source, given.cache, s3=boto3.client("s3"))
        lora = fetch_lora(given.few_step, given.cache) if given.few_step else None
        bucket = S3Bucket(given.bucket, given.kms_key)
        publish(
            folder,
            given.id,
            bucket,
            accepted=acceptance_of(
                _licence_of(given, folder), given.id, bucket, given.accept_licence, _caller
            ),
            replace=given.replace,
            for_training_only=given.for_training_only,
            few_step=lora,
        )
    except (ContractError, AlreadyPublishedError, NotServedError) as error:
        _say(f"error: {error}")
        return 1
    except ClientError as error:
        _say(f"error: AWS answered {error.response['Error']['Code']}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""A base model for a run on this machine: fetched if need be, and described."""

from dataclasses import dataclass
from pathlib import Path

from bases.source import fetch_base
from contract.adapter import write_whole
from contract.architecture import ARCHITECTURES
from contract.base_extras import extra_files
from contract.base_files import BaseFiles, FolderFiles
from contract.base_folder import checked, content_hash, described, family_of
from contract.base_layout import family_in, json_of
from contract.base_model import BASE_FILE, BaseModel
from contract.errors import BaseFolderError
from training.command import base_id_of

MAX_RESOLUTION = 2048  # a setting's bound


@dataclass(frozen=True)
class LocalBase:
    """`folder` as the job takes it, with base.json; `resolution` is its own, in pixels."""

    folder: Path
    description: BaseModel
    resolution: int


def local_base(source: str, cache: Path, links: Path) -> LocalBase:
    """Raises ContractError where there is none, or it is not whole.

    A folder without base.json is left as it is: `links` then holds links to its files beside one.
    """
    import boto3

    s3 = boto3.client("s3") if source.startswith("s3://") else None
    folder = fetch_base(source, cache, s3=s3)
    if not (folder / BASE_FILE).exists():
        description = BaseModel(base_id_of(source), content_hash(folder), family_of(folder))
        files = FolderFiles(folder)
        for name in [*checked(files).files, *extra_files(files.sizes())]:
            link = links / name
            link.parent.mkdir(parents=True, exist_ok=True)
            link.unlink(missing_ok=True)
            link.symlink_to((folder / name).resolve())
        write_whole(links / BASE_FILE, description.to_json())
        folder = links
    description = described(folder)
    return LocalBase(folder, description, resolution_of(FolderFiles(folder)))


def resolution_of(files: BaseFiles) -> int:
    """The pixels that a model was made for: its denoiser's size times what the VAE shrinks by."""
    part = ARCHITECTURES[family_in(files)].denoiser
    side = json_of(files, f"{part}/config.json").rest().get("sample_size")
    levels = json_of(files, "vae/config.json").rest().get("block_out_channels")
    if not isinstance(side, int) or not isinstance(levels, list):
        raise BaseFolderError(f"{part}/ and vae/ do not say for which size they are made")
    return min(MAX_RESOLUTION, side << (len(levels) - 1))

"""Run as a script, in a process of its own: draws with the endpoint's own code, one call at a time.

`python -P drawing.py BASE PORT_FILE IDLE_SECONDS`, the key of the connection in DRAWING_KEY. It
loads the base model, listens on a loopback port that it writes to PORT_FILE, takes one connection,
and ends when that closes or when nobody has asked for so long. A message is JSON, the answer a PNG.
"""

from __future__ import annotations

import io
import json
import os
import sys
import tempfile
from multiprocessing.connection import Listener
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from contract.base_folder import content_hash, family_of
from contract.base_model import BASE_FILE, BaseModel
from contract.generation import GenerationRequest, Prompt, Sampler
from contract.s3_location import S3Location
from inference.adapter_cache import AdapterCache
from inference.base import load_base
from inference.generator import Generator
from inference.object_store import ObjectMissingError
from inference.settings import Precision

# The base models of this repository draw pictures of 128 pixels; the hosted ones of a megapixel.
_SCALE = 8
_STEPS = 15
_CFG_SCALE = 7.0
_NOBODY = f"gen_{'0' * 26}"


class _NoStore:
    """Nothing is fetched: there are no adapters here."""

    def read(self, location: S3Location, maximum_bytes: int) -> bytes:
        raise ObjectMissingError(f"{location}, {maximum_bytes} bytes")

    def exists(self, location: S3Location) -> bool:
        del location
        return False

    def download(self, location: S3Location, path: Path) -> None:
        raise ObjectMissingError(f"{location} for {path}")

    def write(self, location: S3Location, content: str) -> None:
        del location, content


class Drawer:
    """A base model that draws what calls ask for."""

    def __init__(self, folder: Path, scratch: Path) -> None:
        published = _published(folder, scratch / "base")
        base = load_base(published, folder.name, Precision.FP32, torch.device("cpu"))
        self._base_id = folder.name
        self._generator = Generator(base, AdapterCache(_NoStore(), scratch / "adapters", 1))

    def draw(self, call: dict[str, Any]) -> bytes:
        """The PNG for `prompt`, `negative_prompt`, `size` and `seed`; empty if it failed."""
        width, height = call["size"]
        prompts = [Prompt(call["prompt"])]
        if call["negative_prompt"]:
            prompts.append(Prompt(call["negative_prompt"], -1.0))
        response = self._generator.generate(
            GenerationRequest(
                generation_id=_NOBODY,
                progress_uri=S3Location("nowhere", f"generations/nobody/{_NOBODY}/progress.json"),
                base_model=self._base_id,
                adapter=None,
                prompts=tuple(prompts),
                style=None,
                cfg_scale=_CFG_SCALE,
                steps=_STEPS,
                seeds=(call["seed"],),
                width=width // _SCALE,
                height=height // _SCALE,
                sampler=Sampler.K_DPMPP_2M,
            )
        )
        small = response.artifacts[0].image
        if not small:
            return b""
        out = io.BytesIO()
        with Image.open(io.BytesIO(small)) as picture:
            picture.resize((width, height), Image.Resampling.LANCZOS).save(out, "PNG")
        return out.getvalue()


def _published(folder: Path, linked: Path) -> Path:
    """The folder as serving wants it: with its `base.json`, which a published one has."""
    if (folder / BASE_FILE).exists():
        return folder
    linked.mkdir()
    for each in folder.iterdir():
        (linked / each.name).symlink_to(each)
    base = BaseModel(folder.name, content_hash(linked), family_of(linked))
    (linked / BASE_FILE).write_text(base.to_json())
    return linked


def serve(drawer: Drawer, port_file: Path, idle_seconds: float, key: bytes) -> None:
    """Answer the calls of one connection."""
    with Listener(("127.0.0.1", 0), authkey=key) as listener:
        written = port_file.with_suffix(".part")
        written.write_text(str(listener.address[1]))
        written.replace(port_file)
        with listener.accept() as connection:
            try:
                while connection.poll(idle_seconds):
                    connection.send_bytes(drawer.draw(json.loads(connection.recv_bytes())))
            except EOFError:
                return


def main() -> None:
    """See the module's docstring."""
    base, port_file, idle_seconds = sys.argv[1:]
    with tempfile.TemporaryDirectory() as scratch:
        drawer = Drawer(Path(base), Path(scratch))
        serve(
            drawer, Path(port_file), float(idle_seconds), bytes.fromhex(os.environ["DRAWING_KEY"])
        )


if __name__ == "__main__":
    main()

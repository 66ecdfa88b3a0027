"""Prior preservation: the class as the base model sees it, so that learning one member of it does
not overwrite the rest (Ruiz et al. 2022, arXiv:2208.12242, section 3.2).

Class images depend on the base, the class and the settings, never on a user: they are made once.
A run looks in its checkpoint folder, then in the `prior` channel, which holds what an earlier run
left behind; what it has to make itself it leaves for the next one.
"""

import hashlib
import logging
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from contract.adapter import CLASS_IMAGES_FILE, write_whole
from contract.training_job import Hyperparameters
from training.base import Base
from training.conditioning import Conditioning
from training.sampling import denoise

_log = logging.getLogger(__name__)
_STEPS = 20
_BATCH = 4
_SEED = 0  # the same for everybody: that is what makes them worth keeping
_TENSOR = "latents"
_VERSION = 1  # of the way in which they are made


def class_images_key(base: Base, caption: str, settings: Hyperparameters) -> str:
    """Tells class images apart: 64 hex digits over all that they depend on."""
    facts = (_VERSION, base.description.hash, caption, settings.resolution, settings.prior_images)
    return hashlib.sha256(repr(facts).encode()).hexdigest()


def class_latents(
    base: Base,
    caption: Conditioning,
    key: str,
    shape: torch.Size,
    settings: Hyperparameters,
    folders: tuple[Path, Path],
    pause: Callable[[], None],
) -> torch.Tensor:
    """Latents (images, channels, height, width) of class pictures that the frozen base imagines.

    They are never decoded: training needs no pixels. `folders`: the run's own, where they are left,
    and the channel. `pause` is called between steps.
    """
    whole = torch.Size((settings.prior_images, *shape))
    for folder in folders:
        found = _read(folder / CLASS_IMAGES_FILE, key, whole)
        if found is not None:
            _log.info("event=class_images_found images=%d", len(found))
            return found.to(base.device)
    generator = torch.Generator().manual_seed(_SEED)
    drawn = torch.randn(whole, generator=generator).to(base.device)
    made = torch.cat(
        [
            denoise(base, some, caption, None, settings.resolution, _STEPS, pause=pause)
            for some in torch.split(drawn, _BATCH)
        ]
    )
    content = save({_TENSOR: made.cpu().contiguous()}, metadata={"key": key})
    write_whole(folders[0] / CLASS_IMAGES_FILE, content)
    _log.info("event=class_images_made images=%d", len(made))
    return made


def _read(file: Path, key: str, shape: torch.Size) -> torch.Tensor | None:
    """The latents in the file if they are these; anything else is as good as nothing."""
    try:
        with safe_open(file, framework="pt") as opened:
            if (opened.metadata() or {}).get("key") != key:
                return None
            latents: torch.Tensor = opened.get_tensor(_TENSOR)
    except (OSError, SafetensorError):
        return None
    return latents if latents.shape == shape and bool(torch.isfinite(latents).all()) else None

"""Drawing styles and light: what happens to a finished flat picture."""

import random

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from training.miniature.world.scene import Scene

Floats = NDArray[np.float32]
"""Shape (side, side, 3), 0–255."""

_TINT = {
    "even": (1.0, 1.0, 1.0),
    "warm": (1.08, 0.98, 0.80),
    "cool": (0.86, 0.98, 1.12),
    "dim": (0.60, 0.60, 0.68),
}


def light_up(picture: Floats, scene: Scene) -> Floats:
    """Tint by the named light, and a soft fall-off away from where it comes from."""
    side = picture.shape[0]
    ramp = np.linspace(-1, 1, side, dtype=np.float32) * scene.light_from
    strength = 0.05 if scene.light == "even" else 0.12
    gain = 1 + strength * ramp[None, :, None]
    lit: Floats = np.clip(picture * gain * np.array(_TINT[scene.light], np.float32), 0, 255)
    return lit


def restyle(picture: Image.Image, scene: Scene) -> Image.Image:
    """The flat picture as the scene's style would have it; flat pictures come back as they are."""
    if scene.style == "pencil":
        return _pencil(picture, scene)
    if scene.style == "pixel":
        return _pixel(picture)
    if scene.style == "neon":
        return _neon(picture)
    if scene.style == "watercolour":
        return _watercolour(picture, scene)
    return picture


def _edges(picture: Image.Image) -> Floats:
    """Strongest local contrast of any channel, shape (side, side), 0–1."""
    values = np.asarray(picture, dtype=np.float32)
    out = np.zeros(values.shape[:2], dtype=np.float32)
    across = np.abs(np.diff(values, axis=1)).max(axis=2)
    down = np.abs(np.diff(values, axis=0)).max(axis=2)
    out[:, 1:] = across
    out[1:] = np.maximum(out[1:], down)
    return np.clip(out / 90, 0, 1)


def _pencil(picture: Image.Image, scene: Scene) -> Image.Image:
    side = picture.width
    values = np.asarray(picture.filter(ImageFilter.GaussianBlur(side / 128)), dtype=np.float32)
    rows, columns = np.mgrid[0:side, 0:side].astype(np.float32)
    slant = 1.0 if scene.seed % 2 else -1.0
    hatch = 0.5 + 0.5 * np.sin((rows + slant * columns) * (2 * np.pi / max(3.2, side / 20)))
    grey = values.mean(axis=2, keepdims=True)
    washed = 0.62 * values + 0.38 * grey
    cover = 0.62 + 0.24 * hatch[..., None]
    paper = np.array((250, 246, 236), dtype=np.float32)
    sheet = paper * (1 - cover) + washed * cover
    line = _edges(picture)[..., None] * 0.85
    return Image.fromarray((sheet * (1 - line) + np.float32(48) * line).astype(np.uint8))


def _pixel(picture: Image.Image) -> Image.Image:
    side = picture.width
    small = picture.resize((32, 32), Image.Resampling.BOX)
    values = np.asarray(small, dtype=np.float32)
    stepped = np.clip(np.round(values / 36) * 36, 0, 255).astype(np.uint8)
    return Image.fromarray(stepped).resize((side, side), Image.Resampling.NEAREST)


def _neon(picture: Image.Image) -> Image.Image:
    side = picture.width
    values = np.asarray(picture, dtype=np.float32)
    mean = values.mean(axis=2, keepdims=True)
    vivid = np.clip(mean + (values - mean) * 1.7 + 30, 0, 255)
    dark = values * 0.30 + np.array((8, 4, 26), dtype=np.float32)
    line = (
        np.asarray(
            Image.fromarray((_edges(picture) * 255).astype(np.uint8)).filter(
                ImageFilter.MaxFilter(3)
            ),
            dtype=np.float32,
        )[..., None]
        / 255
    )
    glow = Image.fromarray((vivid * line).astype(np.uint8)).filter(
        ImageFilter.GaussianBlur(side / 28)
    )
    out = dark * (1 - line * 0.9) + vivid * line + np.asarray(glow, dtype=np.float32) * 0.9
    return Image.fromarray(np.clip(out, 0, 255).astype(np.uint8))


def _watercolour(picture: Image.Image, scene: Scene) -> Image.Image:
    side = picture.width
    noise = np.random.default_rng(random.Random(scene.seed).getrandbits(32))
    coarse = noise.normal(0, 1, (9, 9)).astype(np.float32)
    cloud = np.asarray(Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC))[
        ..., None
    ]
    soft = picture.filter(ImageFilter.ModeFilter(3))
    wet = np.asarray(soft.filter(ImageFilter.GaussianBlur(side / 200)), dtype=np.float32)
    rim = _edges(soft)[..., None] * 0.3
    pale = 255 - (255 - wet) * np.clip(0.76 + 0.12 * cloud, 0.5, 1.0)
    return Image.fromarray(np.clip(pale * (1 - rim), 0, 255).astype(np.uint8))

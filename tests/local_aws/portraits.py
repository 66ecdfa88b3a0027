"""Pictures for the detectors: variations of one portrait, and pictures without a face."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage import data

Pixels = NDArray[np.uint8]
FACE_X, FACE_Y = 225, 130  # of skimage.data.astronaut(), 512 × 512


def portrait() -> Pixels:
    """The public-domain portrait, blue-green-red."""
    return np.ascontiguousarray(data.astronaut()[:, :, ::-1])


def variations(count: int, seed: int = 7) -> list[Pixels]:
    """Crops (200–400 px), every second one mirrored, tilted up to 15°, darker and lighter."""
    random = np.random.default_rng(seed)
    found = []
    for number in range(count):
        tilt = random.uniform(-15, 15)
        turn = cv2.getRotationMatrix2D((FACE_X, FACE_Y), tilt, 1.0)
        image = cv2.warpAffine(portrait(), turn, (512, 512), borderMode=cv2.BORDER_REFLECT)
        x = FACE_X
        if number % 2:
            image, x = image[:, ::-1], 512 - FACE_X
        side = int(random.uniform(200, 400))
        left = int(np.clip(x - side * random.uniform(0.38, 0.62), 0, 512 - side))
        top = int(np.clip(FACE_Y - side * random.uniform(0.3, 0.6), 0, 512 - side))
        gamma = random.uniform(0.5, 1.8)
        crop = image[top : top + side, left : left + side]
        found.append(np.ascontiguousarray((255 * (crop / 255.0) ** gamma).astype(np.uint8)))
    return found


def faceless(count: int, seed: int = 3) -> list[Pixels]:
    """Noise at several scales, landscape-like gradients with grain, and photographed things."""
    random = np.random.default_rng(seed)
    found: list[Pixels] = []
    for number in range(count):
        side = int(random.integers(240, 480))
        grain = (1, 8, 16, 40)[number % 4]
        small = random.integers(0, 256, (side // grain + 2, side // grain + 2, 3)).astype(np.uint8)
        image = cv2.resize(small, (side, side), interpolation=cv2.INTER_CUBIC).astype(float)
        if grain == 40:
            sky = np.linspace(200, 60, side)[:, None, None]
            image = 0.5 * image + 0.5 * sky + random.normal(0, 8, image.shape)
        found.append(np.clip(image, 0, 255).astype(np.uint8))
    things = (data.coffee(), data.chelsea(), data.rocket(), data.hubble_deep_field())
    return found + [np.ascontiguousarray(thing[:, :, ::-1]) for thing in things]


def other_people(count: int) -> list[Pixels]:
    """Small photographed faces of other people, 200 × 200."""
    faces = data.lfw_subset()[:count]
    gray = [cv2.resize((255 * face).astype(np.uint8), (200, 200)) for face in faces]
    return [np.asarray(cv2.cvtColor(image, cv2.COLOR_GRAY2BGR), np.uint8) for image in gray]

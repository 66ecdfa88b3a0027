"""What happens to pictures on their way: JPEG, small sizes, softness, noise, other colours."""

from __future__ import annotations

import cv2
import numpy as np

from local_aws.rekognition.learning.pictures import Pixels

Random = np.random.Generator


def spoiled(picture: Pixels, random: Random, colour: float = 1.0) -> Pixels:
    """Each damage at random; `colour` scales how far colours may move."""
    values = picture.astype(np.float32)
    if random.random() < 0.7:
        values *= 1 + colour * random.uniform(-0.12, 0.12) + colour * random.uniform(-0.06, 0.06, 3)
    if random.random() < 0.3:
        mean = values.mean()
        values = mean + (values - mean) * (1 + colour * random.uniform(-0.25, 0.25))
    if random.random() < 0.3:
        grey = values.mean(axis=2, keepdims=True)
        values = grey + (values - grey) * (1 + colour * random.uniform(-0.3, 0.3))
    side = values.shape[0]
    if random.random() < 0.4:
        small = int(side * random.uniform(0.4, 0.9))
        values = cv2.resize(values, (small, small), interpolation=cv2.INTER_AREA)
        values = cv2.resize(values, (side, side), interpolation=cv2.INTER_LINEAR)
    if random.random() < 0.4:
        values = cv2.GaussianBlur(values, (0, 0), random.uniform(0.3, 1.3) * side / 96)
    if random.random() < 0.4:
        noise = random.standard_normal(values.shape, np.float32)
        values = values + np.float32(random.uniform(1, 9)) * noise
    damaged = np.clip(values, 0, 255).astype(np.uint8)
    if random.random() < 0.5:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(35, 96))]
        _, code = cv2.imencode(".jpg", damaged, quality)
        damaged = np.asarray(cv2.imdecode(code, cv2.IMREAD_COLOR), np.uint8)
    return damaged


def covered(picture: Pixels, random: Random) -> Pixels:
    """A mask, a hand or a bar over eyes, nose or mouth of an aligned crop of a face."""
    side = picture.shape[0]
    changed = picture.copy()
    colour = tuple(int(c) for c in random.integers(0, 256, 3))
    x, y = side * random.uniform(0.35, 0.65), side * random.uniform(0.55, 0.85)
    w, h = side * random.uniform(0.14, 0.34), side * random.uniform(0.1, 0.2)
    if random.random() < 0.5:
        turn = random.uniform(-40, 40)
        cv2.ellipse(changed, (int(x), int(y)), (int(w), int(h)), turn, 0, 360, colour, -1)
    else:
        corners = (int(x - w), int(y - h)), (int(x + w), int(y + h))
        cv2.rectangle(changed, corners[0], corners[1], colour, -1)
    return changed

"""How well the embedded AWS's Rekognition sees drawn people, pets and things, and photographs.

`python -m benchmarks.drawn_faces` draws people that training never saw, prints tables, and keeps
every score in `benchmarks/results/drawn_faces.json`. A few minutes on one core.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import time
from collections.abc import Callable, Iterable
from itertools import combinations
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage import data

from local_aws.rekognition import attributes, faces, likeness
from local_aws.rekognition.drawn.identity import VISIBLE
from local_aws.rekognition.face import Face
from local_aws.rekognition.learning import pictures
from local_aws.rekognition.learning.spoil import covered, spoiled
from training.miniature.world import random_subject
from training.miniature.world.scene import STYLES

RESULTS = Path(__file__).parent / "results" / "drawn_faces.json"
HELD_OUT = "held out"
SIDES = (64, 128, 256, 512, 1024)
THRESHOLD = 80.0
# Photographs that training never saw, none with a face.
PHOTOGRAPHS = ("chelsea", "coffee", "coins", "hubble_deep_field", "rocket", "retina", "colorwheel")
Pixels = NDArray[np.uint8]
Results = dict[str, Any]


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.drawn_faces", description=__doc__)
    parser.add_argument("--share", type=float, default=1.0, help="of the pictures to draw")
    share = parser.parse_args(arguments).share
    cv2.setNumThreads(1)
    results: Results = {"share": share}
    for name, measure in (
        ("same_or_other", same_or_other),
        ("people", people),
        ("visible", visible_traits),
        ("no_face", no_face),
        ("photographs", photographs),
        ("cost", cost),
    ):
        results[name] = measure(share)
        shown = {k: v for k, v in results[name].items() if k != "raw"}
        print(f"\n{name}\n" + "\n".join(_lines(shown)), flush=True)
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(results, separators=(",", ":")) + "\n")


def _lines(table: Results, indent: int = 2) -> Iterable[str]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield f"{' ' * indent}{name}"
            yield from _lines(value, indent + 2)
        else:
            yield f"{' ' * indent}{name:<{34 - indent}}{value}"


def _bgr(picture: Pixels) -> Pixels:
    """As the service decodes it: blue-green-red, after JPEG."""
    _, code = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])
    return np.asarray(cv2.imdecode(code, cv2.IMREAD_COLOR), np.uint8)


def people(share: float) -> Results:
    """Held-out people, by style (128 pixels) and by size (plain style)."""
    rows = {style: _found(round(50 * share), 128, style) for style in STYLES}
    rows |= {f"flat, {side} pixels": _found(round(20 * share), side, "flat") for side in SIDES}
    return rows


def _found(count: int, side: int, style: str) -> Results:
    rng = random.Random(f"{HELD_OUT} people {style} {side}")
    once, overlaps, tilts, turns = 0, [], [], []
    for _ in range(count):
        subject = random_subject(rng, "person")
        one = pictures.portrait(subject, pictures.varied_scene(rng, style), side)
        found = faces.detect(_bgr(one.pixels))
        once += len(found) == 1
        if not found or (drawn := found[0].drawn) is None:
            continue
        face, truth = found[0], one.truth
        overlaps.append(_overlap(face, truth))
        tilts.append(abs(-face.tilt - np.rad2deg(truth.tilt)))
        turns.append((drawn.yaw, truth.yaw))
    clear = [measured * real > 0 for measured, real in turns if abs(real) > 0.3]
    return {
        "pictures": count,
        "exactly one face found": round(once / count, 3),
        "median overlap with the truth": round(statistics.median(overlaps), 3),
        "least overlap": round(min(overlaps), 3),
        "median error of roll, degrees": round(float(np.median(tilts)), 1),
        "yaw on the right side": round(float(np.mean(clear)), 3),
    }


def _overlap(face: Face, truth: pictures.Truth) -> float:
    low, high = truth.outline.min(axis=0), truth.outline.max(axis=0)
    half = np.array((face.width, face.height)) / 2
    mine = np.array((face.x, face.y))
    sides = np.minimum(high, mine + half) - np.maximum(low, mine - half)
    shared = float(np.prod(np.clip(sides, 0, None)))
    return shared / (float(np.prod(high - low)) + 4 * float(np.prod(half)) - shared)


def no_face(share: float) -> Results:
    """How often a face is found where no person is: pictures with one, and which detector erred."""
    rng = np.random.default_rng(5)
    makers: dict[str, tuple[int, Callable[[int], Pixels]]] = {
        "pets and things": (80, lambda n: pictures.other_kind(f"{HELD_OUT} {n}")),
        "places without anybody": (40, lambda n: pictures.empty_place(f"{HELD_OUT} {n}")),
        "coloured shapes": (40, lambda n: pictures.doodle(f"{HELD_OUT} {n}")),
        "noise": (12, lambda n: _noise(rng, 2 + n)),
        "gradients": (8, lambda _: _gradient(rng)),
        "crops of photographs": (30, lambda n: _crop(rng, PHOTOGRAPHS[n % len(PHOTOGRAPHS)])),
    }
    table: Results = {}
    for name, (count, make) in makers.items():
        found = [faces.detect(_bgr(make(number))) for number in range(round(count * share))]
        table[name] = {
            "pictures": len(found),
            "taken for a drawn face": sum(any(f.drawn for f in seen) for seen in found),
            "taken for a photographed face": sum(any(not f.drawn for f in s) for s in found),
        }
    return table


def _noise(rng: np.random.Generator, grain: int) -> Pixels:
    small = rng.integers(0, 256, (grain, grain, 3)).astype(np.uint8)
    return np.asarray(cv2.resize(small, (256, 256), interpolation=cv2.INTER_CUBIC), np.uint8)


def _gradient(rng: np.random.Generator) -> Pixels:
    corners = rng.integers(0, 256, (2, 2, 3)).astype(np.uint8)
    return np.asarray(cv2.resize(corners, (256, 256), interpolation=cv2.INTER_LINEAR), np.uint8)


def _crop(rng: np.random.Generator, name: str) -> Pixels:
    picture = np.asarray(getattr(data, name)())
    if picture.ndim == 2:
        picture = np.repeat(picture[..., None], 3, axis=2)
    side = int(rng.uniform(0.4, 1.0) * min(picture.shape[:2]))
    top, left = (int(rng.integers(0, edge - side + 1)) for edge in picture.shape[:2])
    return np.ascontiguousarray(picture[top : top + side, left : left + side, :3])


def same_or_other(share: float, views: int = 6) -> Results:
    """CompareFaces on held-out people; a family is two who share hair, cut, skin, beard, noun."""
    rng, families = np.random.default_rng(6), round(40 * share)
    seen: list[tuple[int, str, Pixels, Face]] = []  # person, style, picture, face
    for number in range(families):
        for which, subject in enumerate(pictures.family(f"{HELD_OUT} {number}")):
            name = f"{HELD_OUT} {number} {which}"
            for one in pictures.portraits_of(subject, name, views):
                picture = _bgr(spoiled(one.pixels, rng, 0.5))
                found = [face for face in faces.detect(picture) if face.drawn]
                if found:
                    seen.append((2 * number + which, one.scene.style, picture, found[0]))
    groups: dict[str, list[float]] = {
        "same": [],
        "same, both plain": [],
        "same, plain and styled": [],
        "other": [],
        "similar other": [],
        "similar other, both plain": [],
    }
    for (a, style, first, face), (b, styled, second, other) in combinations(seen, 2):
        alike = round(likeness.similarity(first, face, second, other), 1)
        plain = (style == "flat") + (styled == "flat")
        kind = "same" if a == b else "similar other" if a // 2 == b // 2 else "other"
        groups[kind].append(alike)
        if plain == 2 and kind != "other":
            groups[f"{kind}, both plain"].append(alike)
        if plain == 1 and kind == "same":
            groups["same, plain and styled"].append(alike)
    kept = min(6000, len(groups["other"]))
    groups["other"] = rng.choice(groups["other"], kept, replace=False).tolist()
    same = groups["same"]
    return {
        "people": 2 * families,
        "pictures": len(seen),
        "ROC AUC against others": _area(same, groups["other"]),
        "ROC AUC against similar others": _area(same, groups["similar other"]),
        "the same, both pictures plain": _area(
            groups["same, both plain"], groups["similar other, both plain"]
        ),
        f"at similarity {THRESHOLD:.0f}": {
            f"{name}: {'rejected' if name.startswith('same') else 'accepted'}": _share(
                scores, name.startswith("same")
            )
            for name, scores in groups.items()
        },
        "raw": groups,
    }


def _share(scores: list[float], rejected: bool) -> float:
    accepted = float(np.mean(np.array(scores) >= THRESHOLD))
    return round(1 - accepted if rejected else accepted, 4)


def _area(same: list[float], other: list[float]) -> float:
    """Area under the ROC curve: how often a pair of one person scores above a pair of two."""
    ranked = np.sort(np.array(other))
    below = np.searchsorted(ranked, same, "left") + np.searchsorted(ranked, same, "right")
    return round(float(np.mean(below / (2 * len(ranked)))), 4)


def visible_traits(share: float) -> Results:
    """What DetectFaces tells of held-out drawn faces, some covered: right when there, when not."""
    rng, dice = random.Random(f"{HELD_OUT} visible"), np.random.default_rng(7)
    truths, told = [], []
    for number in range(round(250 * share)):
        subject = random_subject(rng, "person")
        one = pictures.portrait(subject, pictures.varied_scene(rng))
        picture, truth = one.pixels, pictures.visible(one.subject, one.scene)
        if number % 5 == 0:
            picture = _covered_face(one, dice)
            truth = [*[float("nan")] * (len(VISIBLE) - 1), 1.0]
        detected = [face for face in faces.detect(_bgr(picture)) if face.drawn]
        if detected:
            detail = attributes.describe(picture, detected[0], frozenset(VISIBLE))
            truths.append(truth)
            told.append([float(detail[name]["Value"]) for name in VISIBLE])
    table: Results = {}
    for column, name in enumerate(VISIBLE):
        pairs = [(t[column], s[column]) for t, s in zip(truths, told, strict=True)]
        table[name] = {
            "there": sum(t == 1 for t, _ in pairs),
            "seen when there": _mean(s for t, s in pairs if t == 1),
            "not seen when not there": _mean(1 - s for t, s in pairs if t == 0),
        }
    return table


def _mean(values: Iterable[float]) -> float:
    return round(statistics.mean(values), 3)


def _covered_face(one: pictures.Portrait, dice: np.random.Generator) -> Pixels:
    """The portrait with something over the lower part of the face."""
    truth, reach = one.truth, 0.8
    low = np.clip(np.array((truth.x, truth.y)) - reach * truth.size, 0, None).astype(int)
    high = (np.array((truth.x, truth.y)) + reach * truth.size).astype(int)
    changed = one.pixels.copy()
    part = changed[low[1] : high[1], low[0] : high[0]]
    side = min(part.shape[:2])
    part[:side, :side] = covered(np.ascontiguousarray(part[:side, :side]), dice)
    return changed


def photographs(share: float) -> Results:
    """Real faces: versions of one portrait, and small faces of other people (LFW)."""
    portrait = np.ascontiguousarray(data.astronaut()[..., ::-1])
    source = faces.detect(portrait)[0]
    rng, same, found = np.random.default_rng(8), [], 0
    versions, last = round(40 * share), 50 + round(50 * share)
    for number in range(versions):
        picture = _version(portrait, source, rng, mirrored=number % 2 == 1)
        seen = faces.detect(picture)
        found += len(seen) == 1 and seen[0].drawn is None
        same += [round(likeness.similarity(portrait, source, picture, f), 1) for f in seen[:1]]
    small = [np.repeat((255 * f).astype(np.uint8)[..., None], 3, 2) for f in data.lfw_subset()]
    large = [np.asarray(cv2.resize(f, (200, 200)), np.uint8) for f in small]
    whole = Face(100, 100, 170, 0, 90.0)
    others = large[50:last]  # the finder's training saw the first fifty, as no drawn faces
    strangers = [
        round(likeness.similarity(a, whole, b, whole), 1) for a, b in combinations(others, 2)
    ]
    small_seen = [faces.detect(picture) for picture in others]
    return {
        "versions of one portrait: found": round(found / versions, 3),
        "…: rejected at 80": _share(same, rejected=True),
        "LFW, pairs of strangers": len(strangers),
        "…: accepted at 80": _share(strangers, rejected=False),
        "LFW faces (25 pixels): found": round(statistics.mean(bool(s) for s in small_seen), 3),
        "…: taken for drawn": sum(any(f.drawn for f in s) for s in small_seen),
        "ROC AUC": _area(same, strangers),
        "raw": {"same": same, "strangers": strangers},
    }


def _version(portrait: Pixels, face: Face, rng: np.random.Generator, *, mirrored: bool) -> Pixels:
    """Cropped, turned, darker or lighter."""
    side = int(rng.uniform(200, 400))
    turn = cv2.getRotationMatrix2D((face.x, face.y), rng.uniform(-15, 15), 1.0)
    turn[:, 2] += side * rng.uniform(0.4, 0.6, 2) - (face.x, face.y)
    cut = cv2.warpAffine(portrait, turn, (side, side), borderMode=cv2.BORDER_REFLECT)
    light = (255 * (cut / 255.0) ** rng.uniform(0.5, 1.8)).astype(np.uint8)
    return np.ascontiguousarray(light[:, ::-1] if mirrored else light)


def cost(share: float) -> Results:
    """Milliseconds of CPU for one picture of 512 × 512, without what the service remembers."""
    count = round(20 * share)
    portrait = [
        _bgr(one.pixels)
        for n in range(count)
        for one in [
            pictures.portrait(
                random_subject(random.Random(f"{HELD_OUT} cost {n}"), "person"),
                pictures.varied_scene(random.Random(f"{HELD_OUT} cost {n}"), "flat"),
                512,
            )
        ]
    ]
    began = time.process_time()
    for picture in portrait:
        faces.detect(picture)
    return {"DetectFaces, ms": round(1000 * (time.process_time() - began) / count, 1)}


if __name__ == "__main__":
    main()

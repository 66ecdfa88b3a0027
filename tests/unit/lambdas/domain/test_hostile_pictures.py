"""Whatever is uploaded: a photo comes of it or a verdict, in bounded time and memory."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageCms

from contract.face_places import FacePlaces
from lambdas.domain.normalising import MAX_SIDE, NormalPhoto, NotAPhoto, normalise
from lambdas.domain.photo import RejectionCode
from lambdas.ports import MAX_IMAGE_BYTES
from tests.unit.lambdas.odd_files import (
    SCRIPT,
    bomb,
    broken,
    carried,
    mutations,
    others,
    polyglots,
    scan_bomb,
    sound,
)
from tests.unit.lambdas.pictures import decoded, encoded, picture

ROOT = Path(__file__).parents[4]
# The intake function has 1769 MB (infra/background.py) and needs some of it for itself.
MEMORY_MB = 1200
CPU_SECONDS = 20.0


def outcome(upload: bytes, min_side: int = 64) -> NormalPhoto | RejectionCode:
    try:
        normal = normalise(upload, min_side=min_side, max_megapixels=50)
    except NotAPhoto as verdict:
        return verdict.code
    image = decoded(normal.jpeg)
    assert (image.format, image.mode) == ("JPEG", "RGB")
    assert image.size == (normal.width, normal.height)
    assert min_side <= min(image.size)
    assert max(image.size) <= MAX_SIDE
    assert len(normal.jpeg) <= MAX_IMAGE_BYTES
    assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    return normal


def pixel(upload: bytes, place: tuple[int, int]) -> tuple[int, ...]:
    normal = outcome(upload)
    assert isinstance(normal, NormalPhoto), normal
    found = decoded(normal.jpeg).getpixel(place)
    assert isinstance(found, tuple)
    return tuple(int(value) for value in found)


def near(found: tuple[int, ...], colour: tuple[int, int, int]) -> bool:
    return all(abs(a - b) <= 40 for a, b in zip(found, colour, strict=True))


@pytest.mark.parametrize("name", sound())
def test_what_is_odd_but_sound_becomes_a_photo(name: str) -> None:
    assert isinstance(outcome(sound()[name]), NormalPhoto)


@pytest.mark.parametrize("name", broken())
def test_what_is_broken_or_a_bomb_is_told_so(name: str) -> None:
    expected = {
        "bomb of 81 megapixels": RejectionCode.TOO_LARGE,
        "bomb of 3600 megapixels": RejectionCode.TOO_LARGE,
        "strip of 50,000 pixels": RejectionCode.TOO_SMALL,
        "noise": RejectionCode.UNSUPPORTED_TYPE,
        "one zero": RejectionCode.UNSUPPORTED_TYPE,
        "RIFF of another kind": RejectionCode.UNSUPPORTED_TYPE,
    }
    assert outcome(broken()[name]) is expected.get(name, RejectionCode.UNREADABLE)


@pytest.mark.parametrize("name", others())
def test_other_types_are_not_even_opened(name: str) -> None:
    assert outcome(others()[name]) is RejectionCode.UNSUPPORTED_TYPE


def test_of_several_pictures_the_first_is_taken() -> None:
    for name in ("animated PNG", "animated WebP", "MPO of two pictures"):
        assert near(pixel(sound()[name], (200, 250)), (0, 0, 255)), name


@pytest.mark.parametrize("name", polyglots())
def test_of_a_polyglot_only_the_picture_is_kept(name: str) -> None:
    upload = polyglots()[name]
    normal = outcome(upload)
    assert isinstance(normal, NormalPhoto)
    for trace in (SCRIPT[:5], b"<script", b"PK\x03\x04", b"<html"):
        assert trace not in normal.jpeg


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_where_a_photo_was_taken_is_forgotten(kind: str) -> None:
    exif = Image.Exif()
    exif[0x010F] = "SECRET CAMERA"
    gps = exif.get_ifd(0x8825)
    gps.update({1: "N", 2: (48.0, 51.0, 29.9), 3: "E", 4: (2.0, 17.0, 40.2), 29: "2026:11:25"})
    upload = encoded(kind=kind, exif=exif)
    assert decoded(upload).getexif().get_ifd(0x8825)[2] == (48.0, 51.0, 29.9)
    normal = outcome(upload)
    assert isinstance(normal, NormalPhoto)
    kept = decoded(normal.jpeg)
    assert not kept.getexif()
    assert not kept.getexif().get_ifd(0x8825)
    assert b"SECRET" not in normal.jpeg
    assert b"Exif" not in normal.jpeg
    assert b"2026:11:25" not in normal.jpeg


def test_a_comment_that_tells_of_a_face_is_not_taken_from_an_upload() -> None:
    places = FacePlaces(((0.4, 0.4), (0.6, 0.4), (0.5, 0.5), (0.42, 0.6), (0.58, 0.6)))
    forged = places.marked(encoded(kind="JPEG"))
    assert FacePlaces.from_comment(decoded(forged).info["comment"]) == places
    normal = outcome(forged)
    assert isinstance(normal, NormalPhoto)
    assert "comment" not in decoded(normal.jpeg).info


def red_and_green_swapped() -> bytes:
    """An sRGB profile whose red and green primaries changed places."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, green = profile.index(b"rXYZ", 128), profile.index(b"gXYZ", 128)
    profile[red : red + 4], profile[green : green + 4] = b"gXYZ", b"rXYZ"
    return bytes(profile)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_the_colour_profile_is_applied_not_only_dropped(kind: str) -> None:
    plain = encoded(kind=kind)
    assert near(pixel(plain, (200, 50)), (255, 0, 0))
    profiled = encoded(kind=kind, icc_profile=red_and_green_swapped())
    assert near(pixel(profiled, (200, 50)), (0, 255, 0))
    assert near(pixel(profiled, (200, 250)), (0, 0, 255))


def test_deep_pictures_keep_their_brightness() -> None:
    for value in (0, 20_000, 40_000, 65_535):
        grey = Image.new("I;16", (100, 100), value)
        assert pixel(encoded(grey, "PNG"), (50, 50))[0] == pytest.approx(value / 257, abs=3)


def test_a_shape_that_would_shrink_to_a_strip_is_too_small() -> None:
    assert outcome(encoded(picture(4096, 130))) is not RejectionCode.TOO_SMALL
    assert outcome(encoded(picture(4096, 126))) is RejectionCode.TOO_SMALL


def test_hundreds_of_damaged_files_break_nothing() -> None:
    found = [outcome(upload, min_side=16) for _, upload in mutations(300, seed=20261125)]
    read = sum(isinstance(each, NormalPhoto) for each in found)
    refused = {each for each in found if isinstance(each, RejectionCode)}
    # Both happen, or the damage would be too light or too heavy to show anything.
    assert 20 < read < 280
    assert RejectionCode.UNREADABLE in refused


def test_what_image_libraries_test_with_is_read_or_refused() -> None:
    files = carried()
    assert len(files) > 25
    for path in files:
        found = outcome(path.read_bytes())
        if path.suffix in {".gif", ".tif", ".svg"}:
            assert found is RejectionCode.UNSUPPORTED_TYPE, path.name
        else:
            small = {RejectionCode.TOO_SMALL}
            assert isinstance(found, NormalPhoto) or found in small, (path.name, found)


def worst() -> Mapping[str, bytes]:
    """What would cost most: of all kinds, a WebP of 49 megapixels with alpha takes most memory."""
    side = (7000, 7000)
    return {
        "bomb": bomb(60_000, 60_000),
        "strip.png": broken()["strip of 50,000 pixels"],
        "scans.jpg": scan_bomb(20_000, side=1024),
        "rgba.webp": encoded(Image.new("RGBA", side), "WEBP", method=0),
    }


@pytest.mark.timeout(300)
def test_the_worst_files_cost_bounded_memory_and_time(tmp_path: Path) -> None:
    for name, content in worst().items():
        (tmp_path / name).write_bytes(content)
    run = subprocess.run(
        [sys.executable, "-m", __name__, str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, dict[str, Any]] = json.loads(run.stdout)
    verdicts = {name: each["outcome"] for name, each in found.items()}
    assert verdicts == {
        "bomb": "too_large",
        "strip.png": "too_small",
        "scans.jpg": "unreadable",
        "rgba.webp": "photo",
    }
    for name, each in found.items():
        assert each["cpu_seconds"] < CPU_SECONDS, (name, each)
        assert each["peak_mb"] < MEMORY_MB, (name, each)


def _measure(folder: Path) -> dict[str, dict[str, Any]]:
    found = {}
    for path in sorted(folder.iterdir()):
        content = path.read_bytes()
        before = time.process_time()
        result = outcome(content, min_side=512)
        found[path.name] = {
            "outcome": result.value if isinstance(result, RejectionCode) else "photo",
            "cpu_seconds": time.process_time() - before,
            # Of the whole process so far: the worst file decides.
            "peak_mb": _peak_mb(),
        }
    return found


def _peak_mb() -> int:
    """The most memory that this program held; getrusage(2) counts the test run that began it."""
    status = Path("/proc/self/status")
    if status.exists():
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(lines["VmHWM"].split()[0]) // 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    print(json.dumps(_measure(Path(sys.argv[1]))))

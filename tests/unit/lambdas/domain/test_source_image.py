from __future__ import annotations

import hashlib

import pytest
from PIL import Image

from lambdas.domain.normalising import MAX_SIDE
from lambdas.domain.source_image import NormalSource, RefusedSource, normalise_source
from lambdas.domain.upload import UploadPurpose, UploadRejection
from lambdas.ports import MAX_IMAGE_BYTES
from tests.unit.lambdas.odd_files import broken, mutations, others, polyglots
from tests.unit.lambdas.pictures import decoded, encoded, picture

INIT, MASK = UploadPurpose.INIT_IMAGE, UploadPurpose.MASK_IMAGE


def normal(content: bytes, purpose: UploadPurpose = INIT) -> NormalSource:
    return normalise_source(content, purpose, max_megapixels=50)


def refusal(content: bytes) -> UploadRejection:
    with pytest.raises(RefusedSource) as caught:
        normal(content)
    return caught.value.code


def see_through() -> Image.Image:
    """Red, its right half transparent with green beneath."""
    image = Image.new("RGBA", (80, 64), (255, 0, 0, 255))
    image.paste((0, 255, 0, 0), (40, 0, 80, 64))
    return image


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_becomes_a_png_with_the_hash_of_what_is_kept(kind: str) -> None:
    source = normal(encoded(kind=kind))
    kept = decoded(source.png)
    assert (kept.format, kept.mode, kept.size) == ("PNG", "RGB", (400, 300))
    assert (source.width, source.height, source.has_alpha) == (400, 300, False)
    assert source.sha256 == hashlib.sha256(source.png).hexdigest()
    assert kept.info == {}


def test_transparency_is_kept_and_nothing_hides_beneath_it() -> None:
    source = normal(encoded(see_through(), "PNG"))
    kept = decoded(source.png)
    assert (source.has_alpha, kept.mode) == (True, "RGBA")
    assert kept.getpixel((10, 10)) == (255, 0, 0, 255)
    assert kept.getpixel((60, 10)) == (255, 255, 255, 0)
    screened = decoded(source.screening)
    assert screened.size == kept.size
    assert screened.convert("L").getpixel((70, 10)) == 255


def test_a_picture_that_only_could_be_transparent_is_not() -> None:
    source = normal(encoded(picture(80, 64, "RGBA"), "PNG"))
    assert (source.has_alpha, decoded(source.png).mode) == (False, "RGB")


def test_a_mask_becomes_grey() -> None:
    source = normal(encoded(see_through(), "PNG"), MASK)
    assert (decoded(source.png).mode, source.has_alpha) == ("L", False)


def test_a_turned_picture_is_upright_with_its_transparency() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    source = normal(encoded(see_through(), "PNG", exif=exif))
    kept = decoded(source.png)
    assert kept.size == (64, 80)
    assert kept.getpixel((10, 70)) == (255, 255, 255, 0)


def test_what_is_screened_fits_rekognition_however_large_the_file_is() -> None:
    noise = Image.effect_noise((3000, 2600), 120).convert("RGB")
    source = normal(encoded(noise, "PNG", compress_level=1))
    assert (source.width, max(decoded(source.png).size)) == (MAX_SIDE, MAX_SIDE)
    assert len(source.screening) <= MAX_IMAGE_BYTES


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", UploadRejection.UNREADABLE),
        (encoded()[:1500], UploadRejection.UNREADABLE),
        (encoded(kind="GIF"), UploadRejection.UNSUPPORTED_TYPE),
        (encoded(picture(63, 400)), UploadRejection.TOO_SMALL),
    ],
)
def test_a_file_that_is_no_picture_is_refused(content: bytes, code: UploadRejection) -> None:
    assert refusal(content) is code


def test_too_many_pixels_are_refused_before_they_are_decoded() -> None:
    with pytest.raises(RefusedSource) as caught:
        normalise_source(encoded(picture(2000, 600)), INIT, max_megapixels=1)
    assert caught.value.code is UploadRejection.TOO_LARGE


def test_odd_files_are_used_or_refused_and_never_more_than_that() -> None:
    files = {**broken(), **others(), **polyglots(), **dict(mutations(60, seed=11))}
    for name, content in files.items():
        try:
            source = normal(content)
        except RefusedSource:
            continue
        assert decoded(source.png).size == (source.width, source.height), name

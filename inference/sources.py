"""The pictures that a request brings along: fetched from the store, checked, decoded within bounds.

The API screened and wrote them; they are checked again because whatever is decoded here shares a
process with other people's adapters.
"""

import hashlib
import io
import warnings

from PIL import Image, ImageOps

from contract.generation_source import MAX_SOURCE_BYTES, ImageReference
from inference.errors import GenerationFailedError, RequestRefusedError
from inference.object_store import ObjectMissingError, ObjectStore, StoreUnavailableError

MAX_SOURCE_PIXELS = 4096 * 4096
_FORMATS = ("PNG", "JPEG")
# 16-bit greys are not among them: Pillow would clip instead of scale them.
_MODES = {"1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK"}


class Sources:
    """Fetches pictures by reference."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def picture(self, wanted: ImageReference) -> Image.Image:
        """The picture, upright, as RGBA.

        Raises RequestRefusedError (source_missing, source_corrupt), GenerationFailedError.
        """
        try:
            content = self._store.read(wanted.uri, MAX_SOURCE_BYTES + 1)
        except ObjectMissingError as error:
            raise RequestRefusedError("source_missing", "A source image is not there.") from error
        except StoreUnavailableError as error:
            raise GenerationFailedError(
                "storage_unavailable", f"A source image could not be read ({error})."
            ) from error
        if len(content) > MAX_SOURCE_BYTES:
            raise _corrupt("is too large")
        if hashlib.sha256(content).hexdigest() != wanted.sha256:
            raise _corrupt("has another checksum than the request says")
        return _decoded(content)


def _decoded(content: bytes) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
                # Read from the header, before anything is decoded.
                fits = image.width * image.height <= MAX_SOURCE_PIXELS and image.mode in _MODES
                picture = ImageOps.exif_transpose(image).convert("RGBA") if fits else None
    except Exception:  # noqa: BLE001 - decoders raise anything on such bytes
        raise _corrupt("cannot be decoded") from None
    if picture is None:
        raise _corrupt("has too many pixels, or none of 8 bits")
    return picture


def _corrupt(what: str) -> RequestRefusedError:
    return RequestRefusedError("source_corrupt", f"A source image {what}.")

"""How a request names a picture: the id of an upload or of a released image, or the file itself.

upl_…                        an upload that was accepted
img_…                        an image of an earlier generation
data:image/png;base64,…      the file, as browsers write it
iVBORw0KGgo…                 the file, base64
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from enum import StrEnum

from lambdas.domain.ids import Prefix, is_id

# Lambda takes a request of 6 MB (quota "Invocation payload"), in which base64 makes four bytes of
# three: all pictures inside one request are within this, together.
MAX_INLINE_BYTES = 4 * 1024 * 1024
MAX_INLINE_CHARACTERS = -(-MAX_INLINE_BYTES // 3) * 4
# Of `data:image/jpeg;base64,`; a media type has no more.
_MAX_HEAD = 64
MAX_CHARACTERS = MAX_INLINE_CHARACTERS + _MAX_HEAD


class PictureKind(StrEnum):
    """Where a picture comes from."""

    UPLOAD = "upload"
    IMAGE = "image"
    INLINE = "inline"


@dataclass(frozen=True)
class PictureReference:
    """A picture as it is named: by `id`, or by its `content`, which nothing ever records."""

    kind: PictureKind
    id: str | None = None
    content: bytes = field(default=b"", repr=False, compare=False)


class NotAReference(ValueError):  # noqa: N818 - a verdict
    """The text names no picture; `code` and the message say what is wrong."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


def read_reference(text: str) -> PictureReference:
    """The picture that a text names; raises NotAReference."""
    for prefix, kind in ((Prefix.UPLOAD, PictureKind.UPLOAD), (Prefix.IMAGE, PictureKind.IMAGE)):
        if is_id(prefix, text):
            return PictureReference(kind, text)
    head, comma, rest = text.partition(",")
    if comma and not (head.startswith("data:image/") and head.endswith(";base64")):
        raise NotAReference("not_a_picture", "must be an id, base64, or a data URL of base64")
    encoded = rest if comma else text
    if len(encoded) > MAX_INLINE_CHARACTERS:
        raise NotAReference("too_large", "is larger than 4 MB; upload it by POST /uploads")
    try:
        content = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise NotAReference("not_base64", "is neither an id nor base64") from None
    if not content:
        raise NotAReference("not_a_picture", "must be an id, base64, or a data URL of base64")
    return PictureReference(PictureKind.INLINE, None, content)

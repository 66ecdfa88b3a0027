"""Addresses of objects: s3://bucket/key."""

import re
from dataclasses import dataclass

from contract.errors import InvalidDocumentError

# Bucket naming: docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
# Keys: the characters that this product uses. "..", "//" and blanks never occur in them.
_URI = re.compile(
    r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/((?:[A-Za-z0-9_.=-]+/)*[A-Za-z0-9_.=-]*)"
)
MAX_URI_CHARACTERS = 1024


@dataclass(frozen=True)
class S3Location:
    """A bucket and a key; a key that ends in `/` (or is empty) stands for a prefix."""

    bucket: str
    key: str

    @classmethod
    def parse(cls, uri: str) -> "S3Location":
        """Read `s3://bucket/key`; refuses `.` and `..` as parts of the key."""
        match = _URI.fullmatch(uri) if len(uri) <= MAX_URI_CHARACTERS else None
        if match is None or {".", ".."} & set(match[2].split("/")):
            raise InvalidDocumentError("an S3 address must read s3://bucket/key")
        return cls(match[1], match[2])

    def is_inside(self, prefix: "S3Location") -> bool:
        """Whether this lies below a prefix: same bucket, and longer than the prefix itself."""
        start = prefix.key if prefix.key in {""} or prefix.key.endswith("/") else f"{prefix.key}/"
        return (
            self.bucket == prefix.bucket
            and self.key.startswith(start)
            and len(self.key) > len(start)
        )

    def child(self, name: str) -> "S3Location":
        """The object `name` below this prefix."""
        joint = "" if not self.key or self.key.endswith("/") else "/"
        return S3Location.parse(f"s3://{self.bucket}/{self.key}{joint}{name}")

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"

"""Which base model a thing belongs to: `base.json` beside the weights, and inside manifests."""

from dataclasses import dataclass
from enum import StrEnum

from contract.document import FORMAT, Fields, parse_object, write_object

BASE_FILE = "base.json"
ID_PATTERN = r"[a-z0-9][a-z0-9.-]{0,62}"
SHA256_PATTERN = r"[0-9a-f]{64}"


class Family(StrEnum):
    """Architectures that can be trained; `contract/architecture.py` says which are served."""

    SD = "sd"
    SDXL = "sdxl"
    SD3 = "sd3"


@dataclass(frozen=True)
class BaseModel:
    """A base model's name, the SHA-256 over its weights, and its architecture."""

    id: str
    hash: str
    family: Family

    @classmethod
    def from_fields(cls, fields: Fields) -> "BaseModel":
        """Read the three fields of a nested object, and nothing beside them."""
        base = cls(
            id=fields.text("id", pattern=ID_PATTERN),
            hash=fields.text("hash", pattern=SHA256_PATTERN),
            family=fields.choice("family", Family),
        )
        fields.finish()
        return base

    def to_document(self) -> dict[str, object]:
        """The nested object."""
        return {"id": self.id, "hash": self.hash, "family": self.family.value}

    @classmethod
    def from_json(cls, text: str | bytes) -> "BaseModel":
        """Read `base.json`."""
        fields = parse_object(text, "base model description")
        fields.format()
        return cls.from_fields(fields)

    def to_json(self) -> str:
        """Write `base.json`; what the reader would refuse is refused here."""
        text = write_object({"format": FORMAT, **self.to_document()})
        BaseModel.from_json(text)
        return text

"""What the endpoint answers, what it reports when it begins, and how it refuses."""

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from contract.base_model import ID_PATTERN, SHA256_PATTERN
from contract.document import FORMAT, Fields, parse_object, write_object, written
from contract.errors import InvalidDocumentError
from contract.generation import GENERATION_ID_PATTERN, MAX_SAMPLES, MAX_SEED

# Answers of asynchronous inference may be up to 1 GB; four PNG of 2048×2048 stay far below this.
MAX_RESPONSE_BYTES = 128 * 1024 * 1024
_PNG = b"\x89PNG\r\n\x1a\n"
_ERROR_CODE = r"[a-z][a-z_]{0,63}"
_QUOTE = r'\\*"'
_QUOTED_ERROR = re.compile(
    rf"{_QUOTE}code{_QUOTE}:\s*{_QUOTE}({_ERROR_CODE}){_QUOTE},(?:\s|\\+n)*"
    rf'{_QUOTE}message{_QUOTE}:\s*{_QUOTE}([^"\\]{{1,1024}})'
)


class FinishReason(StrEnum):
    """How one sample ended at whoever drew it. Our own screening comes later and elsewhere.

    CONTENT_FILTERED: a hosted model's own filter kept it, or did not let it draw.
    """

    SUCCESS = "SUCCESS"
    CONTENT_FILTERED = "CONTENT_FILTERED"
    ERROR = "ERROR"


@dataclass(frozen=True)
class Artifact:
    """One sample: PNG bytes, or none where it ended with an error."""

    index: int
    seed: int
    finish_reason: FinishReason
    image: bytes


@dataclass(frozen=True)
class Timings:
    """Seconds spent at the endpoint."""

    adapter_load_s: float
    denoise_s: float
    total_s: float


@dataclass(frozen=True)
class GenerationResponse:
    """The endpoint's answer; `adapter` is the checksum of the one that was really used."""

    generation_id: str
    base_model: str
    adapter: str | None
    artifacts: tuple[Artifact, ...]
    timings: Timings

    @classmethod
    def from_json(cls, text: str | bytes) -> "GenerationResponse":
        """Read an answer, images decoded from base64; only their PNG signature is checked."""
        fields = parse_object(text, "generation response", MAX_RESPONSE_BYTES)
        fields.format()
        timings = fields.fields("timings")
        response = cls(
            generation_id=fields.text("generation_id", pattern=GENERATION_ID_PATTERN),
            base_model=fields.text("base_model", pattern=ID_PATTERN),
            adapter=fields.optional_text("adapter", SHA256_PATTERN),
            artifacts=tuple(
                _artifact(Fields.of(entry, "generation response: 'artifacts'"))
                for entry in fields.items("artifacts", 1, MAX_SAMPLES)
            ),
            timings=Timings(
                adapter_load_s=timings.number("adapter_load_s", 0, 86400),
                denoise_s=timings.number("denoise_s", 0, 86400),
                total_s=timings.number("total_s", 0, 86400),
            ),
        )
        timings.finish()
        fields.finish()
        if [artifact.index for artifact in response.artifacts] != [*range(len(response.artifacts))]:
            raise InvalidDocumentError("generation response: 'artifacts' are not in order")
        return response

    def to_json(self) -> str:
        """Write it; what the reader would refuse is refused here."""
        text = write_object(
            {
                "format": FORMAT,
                "generation_id": self.generation_id,
                "base_model": self.base_model,
                "adapter": self.adapter,
                "artifacts": [
                    {
                        "index": artifact.index,
                        "seed": artifact.seed,
                        "finish_reason": artifact.finish_reason.value,
                        "image": base64.b64encode(artifact.image).decode(),
                    }
                    for artifact in self.artifacts
                ],
                "timings": {
                    "adapter_load_s": self.timings.adapter_load_s,
                    "denoise_s": self.timings.denoise_s,
                    "total_s": self.timings.total_s,
                },
            }
        )
        GenerationResponse.from_json(text)
        return text


def _artifact(fields: Fields) -> Artifact:
    try:
        image = base64.b64decode(
            fields.text("image", minimum=0, maximum=MAX_RESPONSE_BYTES), validate=True
        )
    except (binascii.Error, ValueError) as error:
        raise fields.wrong("image", "must be base64") from error
    artifact = Artifact(
        index=fields.integer("index", 0, MAX_SAMPLES - 1),
        seed=fields.integer("seed", 0, MAX_SEED),
        finish_reason=fields.choice("finish_reason", FinishReason),
        image=image,
    )
    fields.finish()
    wanted = _PNG if artifact.finish_reason is FinishReason.SUCCESS else b""
    if artifact.image[: len(_PNG)] != wanted:
        raise fields.wrong("image", "must be a PNG exactly where the sample succeeded")
    return artifact


@dataclass(frozen=True)
class GenerationProgress:
    """`progress.json` beside the request: the endpoint has begun."""

    updated_at: datetime

    @classmethod
    def from_json(cls, text: str | bytes) -> "GenerationProgress":
        """Read it."""
        fields = parse_object(text, "generation progress")
        fields.format()
        fields.text("state", pattern="running")
        progress = cls(fields.moment("updated_at"))
        fields.finish()
        return progress

    def to_json(self) -> str:
        """Write it."""
        return write_object(
            {"format": FORMAT, "state": "running", "updated_at": written(self.updated_at)}
        )


@dataclass(frozen=True)
class GenerationError:
    """The body of an answer that is no success."""

    code: str
    message: str

    @classmethod
    def from_json(cls, text: str | bytes) -> "GenerationError":
        """Read it."""
        fields = parse_object(text, "generation error")
        error = cls(fields.text("code", pattern=_ERROR_CODE), fields.text("message", maximum=1024))
        fields.finish()
        return error

    def to_json(self) -> str:
        """Write it; what the reader would refuse is refused here."""
        text = write_object({"code": self.code, "message": self.message})
        GenerationError.from_json(text)
        return text

    @classmethod
    def find_in(cls, text: str) -> "GenerationError | None":
        """The error within what server and SageMaker wrap around it; None if it is absent.

        The server quotes a handler's error inside its own JSON, and SageMaker quotes that again in
        the notification's failureReason: quotation marks come with any number of backslashes.
        """
        match = _QUOTED_ERROR.search(text)
        return None if match is None else cls(match[1], match[2])

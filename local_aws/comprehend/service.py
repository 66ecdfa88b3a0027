"""The operations of Comprehend that are served here, with their limits, permissions and errors."""

from __future__ import annotations

from typing import Any

from local_aws import seam
from local_aws.comprehend import language, personal_data, toxicity
from local_aws.faults import rules_for

Json = dict[str, Any]

# Amazon Comprehend developer guide, "Guidelines and quotas".
MAX_SEGMENTS = 10
MAX_SEGMENT_BYTES = 1024
MAX_TEXT_BYTES = 100 * 1024
MAX_BATCH_TEXTS = 25
MAX_BATCH_TEXT_BYTES = 5 * 1024
LANGUAGES = ("en", "es", "fr", "de", "it", "pt", "ar", "hi", "ja", "ko", "zh", "zh-TW")

_rules = rules_for("comprehend")


def _language(body: Json, served: tuple[str, ...]) -> None:
    code = body.get("LanguageCode")
    if code not in LANGUAGES:
        raise seam.AwsError(
            "ValidationException",
            f"1 validation error detected: Value '{code}' at 'languageCode' failed to satisfy "
            f"constraint: Member must satisfy enum value set: [{', '.join(LANGUAGES)}]",
        )
    if code not in served:
        raise seam.AwsError(
            "UnsupportedLanguageException",
            f"Language code '{code}' is not supported. Supported: {', '.join(served)}.",
        )


def _text(value: Any, limit: int, name: str = "Text") -> str:
    if not isinstance(value, str) or not value:
        raise seam.AwsError("InvalidRequestException", f"{name} must not be empty.")
    size = len(value.encode())
    if size > limit:
        raise seam.AwsError(
            "TextSizeLimitExceededException",
            f"Input text size exceeds limit. Max length of request text allowed is {limit} bytes "
            f"while in this request the text size is {size} bytes",
        )
    return value


def _detect_toxic_content(body: Json, planted: Json | None) -> Json:
    _language(body, ("en",))
    segments = body.get("TextSegments") or []
    if not 1 <= len(segments) <= MAX_SEGMENTS:
        raise seam.AwsError(
            "InvalidRequestException", f"TextSegments must have 1 to {MAX_SEGMENTS} members."
        )
    texts = [_text(s.get("Text"), MAX_SEGMENT_BYTES, "TextSegment") for s in segments]
    results = [toxicity.judge(text) for text in texts]
    if planted is not None:
        for label in planted.get("labels", []):
            for result in results:
                _raise_score(result, label)
    return {"ResultList": results}


def _raise_score(result: Json, wanted: str | Json) -> None:
    """Apply a planted label: a name, or AWS's shape with its score."""
    entry: Json = {"Name": wanted, "Score": 0.99} if isinstance(wanted, str) else dict(wanted)
    others = [label for label in result["Labels"] if label["Name"] != entry["Name"]]
    result["Labels"] = [*others, entry]
    result["Toxicity"] = max(float(result["Toxicity"]), float(entry["Score"]))


def _detect_dominant_language(body: Json, _: Json | None) -> Json:
    return {"Languages": language.languages(_text(body.get("Text"), MAX_TEXT_BYTES))}


def _batch_detect_dominant_language(body: Json, _: Json | None) -> Json:
    texts = body.get("TextList") or []
    if not texts:
        raise seam.AwsError("InvalidRequestException", "TextList must not be empty.")
    if len(texts) > MAX_BATCH_TEXTS:
        raise seam.AwsError(
            "BatchSizeLimitExceededException", f"TextList has more than {MAX_BATCH_TEXTS} members."
        )
    found = [language.languages(_text(text, MAX_BATCH_TEXT_BYTES)) for text in texts]
    results = [{"Index": index, "Languages": each} for index, each in enumerate(found)]
    return {"ResultList": results, "ErrorList": []}


def _detect_pii_entities(body: Json, _: Json | None) -> Json:
    _language(body, ("en", "es"))
    return {"Entities": personal_data.entities(_text(body.get("Text"), MAX_TEXT_BYTES))}


_OPERATIONS = {
    "DetectToxicContent": _detect_toxic_content,
    "DetectDominantLanguage": _detect_dominant_language,
    "BatchDetectDominantLanguage": _batch_detect_dominant_language,
    "DetectPiiEntities": _detect_pii_entities,
}


def _handle(action: str, body: Json, caller: seam.Caller) -> Json:
    operation = _OPERATIONS.get(action)
    if operation is None:
        raise seam.AwsError("UnknownOperationException", f"{action} is not served here")
    seam.authorize(caller, f"comprehend:{action}", "*")
    return operation(body, _rules.meet(action, caller))


def install() -> None:
    """Register the service."""
    seam.register_json_service("comprehend", "Comprehend_20171127", _handle)

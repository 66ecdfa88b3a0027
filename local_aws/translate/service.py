"""`TranslateText`, with its limits, permissions and errors."""

from __future__ import annotations

from typing import Any

from local_aws import seam
from local_aws.comprehend.language import languages
from local_aws.faults import rules_for
from local_aws.translate.phrase_book import to_english

Json = dict[str, Any]

# Amazon Translate developer guide, "Guidelines and quotas".
MAX_TEXT_BYTES = 10_000
# A part of "Supported languages and language codes".
LANGUAGES = {
    *("ar", "cs", "da", "de", "el", "en", "es", "fi", "fr", "he", "hi", "hu", "id", "it", "ja"),
    *("ko", "nl", "no", "pl", "pt", "ro", "ru", "sv", "th", "tr", "uk", "vi", "zh", "zh-TW"),
}

_rules = rules_for("translate")


def _source(body: Json, text: str, caller: seam.Caller) -> str:
    code = str(body.get("SourceLanguageCode") or "")
    if code != "auto":
        return code
    # Translate asks Comprehend in the caller's name.
    seam.authorize(caller, "comprehend:DetectDominantLanguage", "*")
    return str(languages(text)[0]["LanguageCode"])


def _translate_text(body: Json, caller: seam.Caller) -> Json:
    text = body.get("Text")
    if not isinstance(text, str) or not text:
        raise seam.AwsError("InvalidRequestException", "Text must not be empty.")
    size = len(text.encode())
    if size > MAX_TEXT_BYTES:
        raise seam.AwsError(
            "TextSizeLimitExceededException",
            f"Input text size exceeds limit. Max length of request text allowed is "
            f"{MAX_TEXT_BYTES} bytes while in this request the text size is {size} bytes",
        )
    source, target = _source(body, text, caller), str(body.get("TargetLanguageCode") or "")
    if not {source, target} <= LANGUAGES or target != "en":
        raise seam.AwsError(
            "UnsupportedLanguagePairException",
            f"Unsupported language pair: {source} to {target}.",
        )
    return {
        "TranslatedText": text if source == "en" else to_english(text, source),
        "SourceLanguageCode": source,
        "TargetLanguageCode": target,
    }


def _handle(action: str, body: Json, caller: seam.Caller) -> Json:
    if action != "TranslateText":
        raise seam.AwsError("UnknownOperationException", f"{action} is not served here")
    seam.authorize(caller, "translate:TranslateText", "*")
    _rules.meet(action, caller)
    return _translate_text(body, caller)


def install() -> None:
    """Register the service."""
    seam.register_json_service("translate", "AWSShineFrontendService_20170701", _handle)

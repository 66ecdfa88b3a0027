"""What is asked about texts: Comprehend, Translate, and a Bedrock Guardrail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambdas.adapters.failures import calling, code_of
from lambdas.domain.errors import Unavailable
from lambdas.ports import Language, PersonalData

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient
    from mypy_boto3_bedrock_runtime.type_defs import GuardrailAssessmentTypeDef
    from mypy_boto3_comprehend import ComprehendClient
    from mypy_boto3_translate import TranslateClient

# ApplyGuardrail, `GuardrailContentFilterType` -> the categories that callers know from Comprehend.
_CATEGORIES = {
    "INSULTS": "INSULT",
    "HATE": "HATE_SPEECH",
    "SEXUAL": "SEXUAL",
    "VIOLENCE": "VIOLENCE_OR_THREAT",
}
_OTHER = "GUARDRAIL"


class ComprehendModeration:
    """Implements `TextModeration`."""

    def __init__(self, client: Callable[[], ComprehendClient]) -> None:
        self._client = client

    def toxicity(self, segments: Sequence[str]) -> Sequence[dict[str, float]]:
        """See `TextModeration.toxicity`."""
        with calling("text moderation"):
            answer = self._client().detect_toxic_content(
                TextSegments=[{"Text": segment} for segment in segments], LanguageCode="en"
            )
        return [
            {label["Name"]: label["Score"] for label in result["Labels"]}
            for result in answer["ResultList"]
        ]

    def languages(self, texts: Sequence[str]) -> Sequence[Sequence[Language]]:
        """See `TextModeration.languages`."""
        with calling("language detection"):
            answer = self._client().batch_detect_dominant_language(TextList=list(texts))
        found = {
            result["Index"]: [
                Language(language["LanguageCode"], language["Score"])
                for language in result["Languages"]
            ]
            for result in answer["ResultList"]
        }
        if len(found) != len(texts):  # the rest stands in ErrorList
            raise Unavailable("language detection")
        return [found[index] for index in range(len(texts))]

    def personal_data(self, text: str) -> Sequence[PersonalData]:
        """See `TextModeration.personal_data`."""
        with calling("detection of personal data"):
            answer = self._client().detect_pii_entities(Text=text, LanguageCode="en")
        return [PersonalData(entity["Type"], entity["Score"]) for entity in answer["Entities"]]


class TranslateTranslation:
    """Implements `Translation`."""

    def __init__(self, client: Callable[[], TranslateClient]) -> None:
        self._client = client

    def to_english(self, text: str, language: str) -> str | None:
        """See `Translation.to_english`."""
        from botocore.exceptions import ClientError

        try:
            with calling("translation"):
                answer = self._client().translate_text(
                    Text=text, SourceLanguageCode=language, TargetLanguageCode="en"
                )
        except ClientError as error:
            # Comprehend detects more languages than are translated.
            if code_of(error) == "UnsupportedLanguagePairException":
                return None
            raise
        return answer["TranslatedText"]


class BedrockGuardrail:
    """Implements `Guardrail`."""

    def __init__(
        self, client: Callable[[], BedrockRuntimeClient], guardrail_id: str, version: str
    ) -> None:
        self._client = client
        self._id = guardrail_id
        self._version = version

    def objection(self, texts: Sequence[str]) -> str | None:
        """See `Guardrail.objection`; what matched stays where it is."""
        with calling("guardrail", also={"ServiceQuotaExceededException"}):
            answer = self._client().apply_guardrail(
                guardrailIdentifier=self._id,
                guardrailVersion=self._version,
                source="INPUT",
                content=[{"text": {"text": text}} for text in texts],
            )
        if answer["action"] != "GUARDRAIL_INTERVENED":
            return None
        found = (_category(assessment) for assessment in answer["assessments"])
        return next((category for category in found if category), _OTHER)


def _category(assessment: GuardrailAssessmentTypeDef) -> str | None:
    for finding in assessment.get("contentPolicy", {}).get("filters", []):
        if finding["action"] == "BLOCKED":
            return _CATEGORIES.get(finding["type"], _OTHER)
    sensitive = assessment.get("sensitiveInformationPolicy", {})
    if sensitive.get("piiEntities") or sensitive.get("regexes"):
        return "PERSONAL_DATA"
    return None

"""Comprehend, Translate and Bedrock: what is asked, and what an answer becomes."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from lambdas.adapters.text_moderation import (
    BedrockGuardrail,
    ComprehendModeration,
    TranslateTranslation,
)
from lambdas.domain.errors import Unavailable
from lambdas.ports import Language, PersonalData
from tests.unit.lambdas.adapters.stubbed import stubbed


def test_a_text_s_toxicity_segment_by_segment() -> None:
    client, stub = stubbed("comprehend")
    stub.add_response(
        "detect_toxic_content",
        {"ResultList": [{"Labels": [{"Name": "INSULT", "Score": 0.5}]}, {"Labels": []}]},
        {"TextSegments": [{"Text": "a"}, {"Text": "b"}], "LanguageCode": "en"},
    )
    assert ComprehendModeration(lambda: client).toxicity(["a", "b"]) == [{"INSULT": 0.5}, {}]


def test_the_languages_of_texts_in_their_order() -> None:
    client, stub = stubbed("comprehend")
    moderation = ComprehendModeration(lambda: client)
    french = {"Index": 1, "Languages": [{"LanguageCode": "fr", "Score": 0.9}]}
    english = {"Index": 0, "Languages": [{"LanguageCode": "en", "Score": 0.8}]}
    wanted = {"TextList": ["a", "b"]}
    answer = {"ResultList": [french, english], "ErrorList": []}
    stub.add_response("batch_detect_dominant_language", answer, wanted)
    assert moderation.languages(["a", "b"]) == [[Language("en", 0.8)], [Language("fr", 0.9)]]
    failed = {"Index": 1, "ErrorCode": "INTERNAL_SERVER_ERROR", "ErrorMessage": "x"}
    answer = {"ResultList": [english], "ErrorList": [failed]}
    stub.add_response("batch_detect_dominant_language", answer, wanted)
    with pytest.raises(Unavailable):
        moderation.languages(["a", "b"])


def test_what_in_a_text_points_to_a_person() -> None:
    client, stub = stubbed("comprehend")
    stub.add_response(
        "detect_pii_entities",
        {"Entities": [{"Type": "EMAIL", "Score": 0.9, "BeginOffset": 0, "EndOffset": 3}]},
        {"Text": "a@b", "LanguageCode": "en"},
    )
    moderation = ComprehendModeration(lambda: client)
    assert moderation.personal_data("a@b") == [PersonalData("EMAIL", 0.9)]


def test_a_text_in_english_or_none_where_the_language_is_not_translated() -> None:
    client, stub = stubbed("translate")
    translation = TranslateTranslation(lambda: client)
    wanted = {"Text": "un chat", "SourceLanguageCode": "fr", "TargetLanguageCode": "en"}
    answer = {
        "TranslatedText": "a cat",
        "SourceLanguageCode": "fr",
        "TargetLanguageCode": "en",
    }
    stub.add_response("translate_text", answer, wanted)
    assert translation.to_english("un chat", "fr") == "a cat"
    stub.add_client_error("translate_text", "UnsupportedLanguagePairException")
    assert translation.to_english("ur c'hazh", "br") is None
    stub.add_client_error("translate_text", "TooManyRequestsException")
    with pytest.raises(Unavailable):
        translation.to_english("un chat", "fr")
    stub.add_client_error("translate_text", "AccessDeniedException")
    with pytest.raises(ClientError):
        translation.to_english("un chat", "fr")


USAGE = dict.fromkeys(
    (
        "topicPolicyUnits",
        "contentPolicyUnits",
        "wordPolicyUnits",
        "sensitiveInformationPolicyUnits",
        "sensitiveInformationPolicyFreeUnits",
        "contextualGroundingPolicyUnits",
    ),
    1,
)
HIT = {"type": "HATE", "confidence": "HIGH", "action": "BLOCKED"}
MISCONDUCT = {"type": "MISCONDUCT", "confidence": "HIGH", "action": "BLOCKED"}
SEEN = {"type": "SEXUAL", "confidence": "LOW", "action": "NONE"}
PII = {"match": "a@b", "type": "EMAIL", "action": "ANONYMIZED"}
WORD = {"match": "secret", "action": "BLOCKED"}


@pytest.mark.parametrize(
    ("action", "assessment", "category"),
    [
        ("NONE", {}, None),
        ("GUARDRAIL_INTERVENED", {"contentPolicy": {"filters": [SEEN, HIT]}}, "HATE_SPEECH"),
        ("GUARDRAIL_INTERVENED", {"contentPolicy": {"filters": [MISCONDUCT]}}, "GUARDRAIL"),
        (
            "GUARDRAIL_INTERVENED",
            {"sensitiveInformationPolicy": {"piiEntities": [PII], "regexes": []}},
            "PERSONAL_DATA",
        ),
        (
            "GUARDRAIL_INTERVENED",
            {"wordPolicy": {"customWords": [WORD], "managedWordLists": []}},
            "GUARDRAIL",
        ),
        (
            "GUARDRAIL_INTERVENED",
            {"topicPolicy": {"topics": [{"name": "secret", "type": "DENY", "action": "BLOCKED"}]}},
            "GUARDRAIL",
        ),
    ],
)
def test_a_guardrail_s_objection_names_a_kind_and_never_a_word(
    action: str, assessment: dict[str, Any], category: str | None
) -> None:
    client, stub = stubbed("bedrock-runtime")
    answer = {"usage": USAGE, "action": action, "outputs": [], "assessments": [assessment]}
    wanted = {
        "guardrailIdentifier": "abc",
        "guardrailVersion": "2",
        "source": "INPUT",
        "content": [{"text": {"text": "one"}}, {"text": {"text": "two"}}],
    }
    stub.add_response("apply_guardrail", answer, wanted)
    assert BedrockGuardrail(lambda: client, "abc", "2").objection(["one", "two"]) == category


def test_a_guardrail_that_does_not_answer_lets_nothing_pass() -> None:
    client, stub = stubbed("bedrock-runtime")
    for code in ("ThrottlingException", "ServiceQuotaExceededException"):
        stub.add_client_error("apply_guardrail", code)
        with pytest.raises(Unavailable):
            BedrockGuardrail(lambda: client, "abc", "2").objection(["one"])

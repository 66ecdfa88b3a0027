"""Translate through the SDK: AWS's answers, limits, permissions; and the phrase book."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws.comprehend import toxicity
from local_aws.comprehend.language import languages
from local_aws.testing import EmbeddedAws
from local_aws.translate.phrase_book import TEST_PHRASES, to_english
from tests.local_aws.conftest import allow

HOUSE = {"Text": "eine Frau im Garten", "SourceLanguageCode": "de", "TargetLanguageCode": "en"}


def error_code(call: Callable[..., Any], **arguments: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return str(caught.value.response["Error"]["Code"])


def test_what_the_book_has_comes_back_in_english(aws: EmbeddedAws) -> None:
    answer = aws.client("translate").translate_text(**HOUSE)
    assert answer["TranslatedText"] == "eine woman in garden"
    assert (answer["SourceLanguageCode"], answer["TargetLanguageCode"]) == ("de", "en")


@pytest.mark.parametrize("language", TEST_PHRASES)
def test_the_toxic_test_phrase_is_known_for_what_it_is_in_each_language(language: str) -> None:
    phrase = TEST_PHRASES[language]
    found = languages(phrase)[0]
    assert found["LanguageCode"] == language
    assert found["Score"] >= 0.7
    assert toxicity.judge(phrase)["Toxicity"] < 0.5
    assert toxicity.judge(to_english(phrase, language))["Toxicity"] > 0.9


def test_the_limits_are_awss(aws: EmbeddedAws) -> None:
    translate = aws.client("translate").translate_text
    assert translate(**{**HOUSE, "Text": "ä" * 5000})["TranslatedText"]
    too_long = {**HOUSE, "Text": "ä" * 5001}
    assert error_code(translate, **too_long) == "TextSizeLimitExceededException"
    breton = {**HOUSE, "SourceLanguageCode": "br"}
    assert error_code(translate, **breton) == "UnsupportedLanguagePairException"


def test_the_operation_needs_the_callers_permission_and_detection_comprehends(
    make_role: Callable[..., str], as_role: Callable[[str, str], Any]
) -> None:
    may = make_role("translate-may", "lambda.amazonaws.com", allow("translate:TranslateText"))
    may_not = make_role("translate-may-not", "lambda.amazonaws.com")
    both = make_role(
        "translate-auto",
        "lambda.amazonaws.com",
        allow("translate:TranslateText"),
        allow("comprehend:DetectDominantLanguage"),
    )
    auto = {**HOUSE, "SourceLanguageCode": "auto"}
    denied = "AccessDeniedException"
    assert as_role("translate", may).translate_text(**HOUSE)["TranslatedText"]
    assert error_code(as_role("translate", may_not).translate_text, **HOUSE) == denied
    assert error_code(as_role("translate", may).translate_text, **auto) == denied
    assert as_role("translate", both).translate_text(**auto)["SourceLanguageCode"] == "de"


def test_a_planted_fault_meets_its_call(aws: EmbeddedAws) -> None:
    aws.control("/_local/translate/verdicts", {"fault": "TooManyRequestsException"})
    translate = aws.client("translate").translate_text
    assert translate(**HOUSE)["TranslatedText"]  # botocore tried again
    assert translate(**HOUSE)["TranslatedText"]

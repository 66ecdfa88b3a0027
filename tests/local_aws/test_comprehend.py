"""Comprehend through the SDK: AWS's answers, limits, permissions, and what tests may plant."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws.comprehend import language, personal_data, toxicity
from local_aws.testcards import TOXIC_PHRASE
from local_aws.testing import EmbeddedAws
from tests.local_aws.conftest import allow


@pytest.fixture
def comprehend(aws: EmbeddedAws) -> Iterator[Any]:
    yield aws.client("comprehend")
    aws.control_delete("/_local/comprehend/verdicts")


def error_code(call: Callable[..., Any], **arguments: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return str(caught.value.response["Error"]["Code"])


def segments(*texts: str) -> dict[str, Any]:
    return {"TextSegments": [{"Text": text} for text in texts], "LanguageCode": "en"}


def test_each_segment_gets_every_label_and_a_toxicity(comprehend: Any) -> None:
    results = comprehend.detect_toxic_content(**segments("a calm lake", TOXIC_PHRASE))["ResultList"]

    assert [result["Toxicity"] >= 0.5 for result in results] == [False, True]
    assert {label["Name"] for label in results[0]["Labels"]} == set(toxicity.WORDS)


@pytest.mark.parametrize(
    "text", [TOXIC_PHRASE.upper(), f"a portrait, {TOXIC_PHRASE}!", TOXIC_PHRASE.replace(" ", "\n")]
)
def test_the_test_phrase_is_toxic_wherever_it_stands(text: str) -> None:
    assert toxicity.judge(text)["Toxicity"] > 0.9


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("a nude person", "SEXUAL"),
        ("you are an idiot", "INSULT"),
        ("gory scene, dismembered body", "GRAPHIC"),
        ("n4ked man", "SEXUAL"),
        ("i will kill you", "VIOLENCE_OR_THREAT"),
    ],
)
def test_crude_text_scores_in_its_category(text: str, label: str) -> None:
    result = toxicity.judge(text)
    scores = {entry["Name"]: entry["Score"] for entry in result["Labels"]}

    assert max(scores, key=lambda name: float(scores[name])) == label
    assert result["Toxicity"] >= 0.5


@pytest.mark.parametrize(
    "text",
    [
        "<subject> as a knight with a sword in battle, dramatic lighting",
        "close-up shot of <subject>, 35mm film, bokeh",
        "a skilled archer aiming at a target",
        "blurry, low quality, extra fingers, ugly",
        "portrait of <subject> in the style of low-poly digital art",
    ],
)
def test_ordinary_prompts_are_not_toxic(text: str) -> None:
    assert toxicity.judge(text)["Toxicity"] < 0.5


def test_the_limits_are_awss(comprehend: Any) -> None:
    detect = comprehend.detect_toxic_content

    assert detect(**segments(*["x" * 1024] * 10))["ResultList"]
    assert error_code(detect, **segments("x" * 1025)) == "TextSizeLimitExceededException"
    assert error_code(detect, **segments("ä" * 513)) == "TextSizeLimitExceededException"
    assert error_code(detect, **segments(*["x"] * 11)) == "InvalidRequestException"
    german = segments("x") | {"LanguageCode": "de"}
    unknown = segments("x") | {"LanguageCode": "xx"}
    assert error_code(detect, **german) == "UnsupportedLanguageException"
    assert error_code(detect, **unknown) == "ValidationException"


def test_the_operation_needs_the_callers_permission(
    make_role: Callable[..., str], as_role: Callable[[str, str], Any]
) -> None:
    may = make_role("toxic-may", "lambda.amazonaws.com", allow("comprehend:DetectToxicContent"))
    may_not = make_role("toxic-may-not", "lambda.amazonaws.com")

    assert as_role("comprehend", may).detect_toxic_content(**segments("x"))["ResultList"]
    denied = error_code(as_role("comprehend", may_not).detect_toxic_content, **segments("x"))
    assert denied == "AccessDeniedException"


def test_a_planted_verdict_and_a_planted_fault_meet_their_calls(
    aws: EmbeddedAws, comprehend: Any
) -> None:
    rule = {"operation": "DetectToxicContent", "labels": [{"Name": "INSULT", "Score": 0.8}]}
    aws.control("/_local/comprehend/verdicts", rule)
    scores = [
        comprehend.detect_toxic_content(**segments("fine"))["ResultList"][0]["Toxicity"]
        for _ in range(2)
    ]
    aws.control("/_local/comprehend/verdicts", {"fault": "InternalServerException", "count": None})

    failed = error_code(comprehend.detect_toxic_content, **segments("fine"))

    assert scores[0] == pytest.approx(0.8)
    assert scores[1] < 0.1
    assert failed == "InternalServerException"


def test_a_rule_that_makes_no_sense_is_refused(aws: EmbeddedAws) -> None:
    with pytest.raises(ValueError, match=r"400 .*positive whole number"):
        aws.control("/_local/comprehend/verdicts", {"count": 0})


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a portrait of the subject in the garden", "en"),
        ("ein Porträt von der Frau mit dem Hut im Garten", "de"),
        ("un portrait de la femme dans le jardin avec des fleurs", "fr"),
        ("庭にいる女性の肖像", "ja"),
        ("портрет женщины в саду", "ru"),
        ("astronaut", "en"),
    ],
)
def test_the_dominant_language_comes_first(comprehend: Any, text: str, code: str) -> None:
    found = comprehend.detect_dominant_language(Text=text)["Languages"]

    assert found[0]["LanguageCode"] == code


def test_addresses_and_phone_numbers_are_found_by_offset(comprehend: Any) -> None:
    text = "write to ann@example.org or call +49 30 1234 5678 today, size 1024"

    found = comprehend.detect_pii_entities(Text=text, LanguageCode="en")["Entities"]

    assert [(e["Type"], text[e["BeginOffset"] : e["EndOffset"]]) for e in found] == [
        ("EMAIL", "ann@example.org"),
        ("PHONE", "+49 30 1234 5678"),
    ]


def test_languages_of_many_texts_come_by_their_index(comprehend: Any) -> None:
    detect = comprehend.batch_detect_dominant_language
    texts = ["der Mann mit dem Hut steht im Garten", "the man with the hat in the garden"]

    results = detect(TextList=texts)["ResultList"]

    assert [result["Index"] for result in results] == [0, 1]
    codes = [result["Languages"][0]["LanguageCode"] for result in results]
    assert codes == ["de", "en"]
    assert error_code(detect, TextList=["x"] * 26) == "BatchSizeLimitExceededException"
    assert error_code(detect, TextList=["x" * 5121]) == "TextSizeLimitExceededException"


@pytest.mark.parametrize("text", ["portrait", "bokeh", "un portrait", "art nouveau", "die cut"])
def test_a_word_or_two_are_never_certain(text: str) -> None:
    assert language.languages(text)[0]["Score"] < 0.95


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("ann@example.org", "EMAIL"),
        ("+44 20 7946 0958", "PHONE"),
        ("4111 1111 1111 1111", "CREDIT_DEBIT_NUMBER"),
        ("078-05-1120", "SSN"),
        ("192.168.0.17", "IP_ADDRESS"),
        ("GB82 WEST 1234 5698 7654 32", "INTERNATIONAL_BANK_ACCOUNT_NUMBER"),
        ("AKIAIOSFODNN7EXAMPLE", "AWS_ACCESS_KEY"),
        ("my password: hunter2", "PASSWORD"),
        ("https://example.org/x", "URL"),
    ],
)
def test_personal_data_has_a_shape(text: str, kind: str) -> None:
    assert [entity["Type"] for entity in personal_data.entities(f"a hat, {text} and so")] == [kind]


@pytest.mark.parametrize(
    "text",
    [
        "16-35mm, 24-70, f/1.8, ISO 100",
        "1920-1930, 1024x768, 16:9",
        "version 1.2.3, 50 000 people",
    ],
)
def test_numbers_of_photographers_are_no_personal_data(text: str) -> None:
    assert personal_data.entities(text) == []


@pytest.mark.parametrize("text", ["4111111111111112", "GB82WEST12345698765433"])
def test_a_number_with_a_wrong_check_digit_is_none(text: str) -> None:
    assert personal_data.entities(text) == []

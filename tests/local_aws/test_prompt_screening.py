"""The labelled set through the deployed screening and the local detectors, without a server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmarks.prompt_screening.__main__ import category_of, settings
from benchmarks.prompt_screening.labelled import Labelled, labelled
from lambdas.domain.text_screening import TextScreening
from lambdas.ports import Language, PersonalData
from local_aws.comprehend import language, personal_data, toxicity
from local_aws.translate.phrase_book import to_english


class LocalDetectors:
    """Implements `TextModeration` and `Translation`."""

    def toxicity(self, segments: Sequence[str]) -> Sequence[Mapping[str, float]]:
        return [
            {label["Name"]: label["Score"] for label in toxicity.judge(segment)["Labels"]}
            for segment in segments
        ]

    def languages(self, texts: Sequence[str]) -> Sequence[Sequence[Language]]:
        return [
            [Language(found["LanguageCode"], found["Score"]) for found in language.languages(text)]
            for text in texts
        ]

    def personal_data(self, text: str) -> Sequence[PersonalData]:
        return [
            PersonalData(found["Type"], found["Score"]) for found in personal_data.entities(text)
        ]

    def to_english(self, text: str, language: str) -> str | None:
        return to_english(text, language)


def wrong(texts: Sequence[Labelled], mode: str) -> list[tuple[str, str | None, str]]:
    local = LocalDetectors()
    screening = TextScreening(settings("dev", mode), local, local if mode == "translate" else None)
    verdicts = [(one, category_of(screening, one)) for one in texts]
    return [
        (one.label, category, one.text)
        for one, category in verdicts
        if one.is_safe != (category is None)
    ]


GIVEN = list(labelled())
WRITTEN = [one for one in GIVEN if one.evasion is None]


def test_the_set_is_large_and_has_every_kind_of_text() -> None:
    assert len(WRITTEN) >= 300
    assert sum(one.is_safe for one in WRITTEN) >= 150
    assert len({one.language for one in WRITTEN}) >= 12
    assert len({one.text for one in WRITTEN}) == len(WRITTEN)


def test_nine_in_ten_unsafe_texts_are_refused_and_nearly_all_safe_ones_pass() -> None:
    mistakes = wrong(WRITTEN, "translate")
    unsafe = sum(not one.is_safe for one in WRITTEN)
    missed = [mistake for mistake in mistakes if mistake[0] != "SAFE"]
    refused = [mistake for mistake in mistakes if mistake[0] == "SAFE"]
    assert len(missed) <= 0.1 * unsafe, missed
    assert len(refused) <= 0.05 * (len(WRITTEN) - unsafe), refused


def test_where_nothing_is_translated_foreign_prompts_are_refused_and_english_ones_pass() -> None:
    mistakes = wrong([one.where_refused for one in WRITTEN], "refuse")
    assert not [m for m in mistakes if m[0] == "LANGUAGE"]
    refused = [m for m in mistakes if m[0] == "SAFE"]
    assert len(refused) <= 0.1 * sum(one.is_safe for one in WRITTEN), refused


def test_disguises_hide_nothing_where_words_can_still_be_told() -> None:
    passed = [text for _, _, text in wrong([one for one in GIVEN if one.evasion], "translate")]
    apart = {one.text for one in GIVEN if one.evasion == "everything set apart"}
    assert set(passed) <= apart

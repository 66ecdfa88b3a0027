from __future__ import annotations

import base64
from typing import Any

import botocore.session
import pytest

from lambdas.domain.errors import Refused, Unavailable
from lambdas.domain.prompt_settings import PersonalDataKind, PromptSettings
from lambdas.domain.subject import SubjectKind
from lambdas.domain.text_screening import ClientText, Purpose, TextScreening
from lambdas.ports import Language, PersonalData
from tests.unit.lambdas.fakes import FakeGuardrail, FakeTextModeration, FakeTranslation

FRENCH = "un homme idiot dans une forêt sombre"
IN_FRENCH = {"homme": [Language("fr", 0.95)]}
PERSON = SubjectKind.PERSON


def screening(
    moderation: FakeTextModeration | None = None,
    *,
    translation: FakeTranslation | None = None,
    guardrail: FakeGuardrail | None = None,
    **settings: Any,
) -> TextScreening:
    return TextScreening(
        PromptSettings.model_validate(settings, strict=False),
        moderation or FakeTextModeration(),
        translation,
        guardrail,
    )


def refusal(one: TextScreening, *texts: str | ClientText, **more: Any) -> tuple[str, str] | None:
    """The code and the category, or None."""
    given = [ClientText(text) if isinstance(text, str) else text for text in texts]
    try:
        one.demand_allowed(given, **more)
    except Refused as refused:
        return refused.code, refused.category
    return None


def rejected(category: str) -> tuple[str, str]:
    return "prompt_rejected", category


class TestToxicity:
    def test_the_worst_label_at_or_above_its_threshold_is_the_category(self) -> None:
        moderation = FakeTextModeration({"awful": {"INSULT": 0.6, "PROFANITY": 0.9}})
        assert refusal(screening(moderation), "awful") == rejected("PROFANITY")
        strict = {"default": 0.95, "INSULT": 0.6}
        assert refusal(screening(moderation, toxicity=strict), "awful") == rejected("INSULT")
        lax = {"default": 0.95, "INSULT": 0.61}
        assert refusal(screening(moderation, toxicity=lax), "awful") is None

    def test_a_label_that_comprehend_adds_one_day_has_the_default(self) -> None:
        moderation = FakeTextModeration({"awful": {"SCAM": 0.6}})
        assert refusal(screening(moderation), "awful") == rejected("SCAM")
        assert refusal(screening(moderation, toxicity={"default": 0.7}), "awful") is None

    @pytest.mark.parametrize(
        "text",
        [
            "a w f u l",
            "аwful",
            "awfuuuul",
            "@wful",
            "aw\u200bful",
            "<i>aw</i>ful",
            "ａｗｆｕｌ",
            "lbh ner njshy, na njshy zna va gur pvgl",
            base64.b64encode(b"you are awful").decode(),
        ],
    )
    def test_the_original_and_what_it_hides_are_both_judged(self, text: str) -> None:
        moderation = FakeTextModeration({"awful": {"INSULT": 0.9}})
        assert refusal(screening(moderation), text) == rejected("INSULT")
        assert text in moderation.seen or refusal(screening(moderation), text)

    def test_many_long_texts_are_cut_to_what_comprehend_takes(self) -> None:
        moderation = FakeTextModeration({"awful": {"INSULT": 0.9}})
        texts = ["a hat " * 330] * 14
        assert refusal(screening(moderation), *texts) is None
        assert len(moderation.seen) > 20
        assert refusal(screening(moderation), *texts, "a hat " * 320 + "awful") == rejected(
            "INSULT"
        )


class TestPurposes:
    NEGATIVE = ClientText("nude, awful, gore", Purpose.NEGATIVE)
    STATEMENT = ClientText("I am Ada, ada@x.org. No nude pictures of my child.", Purpose.STATEMENT)

    def test_what_is_unwanted_may_be_named_but_nobody_abused(self) -> None:
        moderation = FakeTextModeration({"awful": {"INSULT": 0.9}, "vermin": {"HATE_SPEECH": 0.8}})
        one = screening(moderation)
        assert refusal(one, "a hat", self.NEGATIVE, kind=PERSON) is None
        hateful = ClientText("vermin", Purpose.NEGATIVE)
        assert refusal(one, "a hat", hateful) == rejected("HATE_SPEECH")

    def test_a_person_s_clothes_may_not_be_steered_away_from(self) -> None:
        away = ClientText("clothes", Purpose.NEGATIVE)
        assert refusal(screening(), "a hat", away, kind=PERSON) == rejected("SEXUAL")
        assert refusal(screening(), "a hat", away, kind=SubjectKind.PET) is None

    def test_a_statement_may_speak_of_what_is_refused_elsewhere(self) -> None:
        moderation = FakeTextModeration(personal={"@x.org": PersonalData("EMAIL", 0.99)})
        assert refusal(screening(moderation), self.STATEMENT) is None
        abuse = FakeTextModeration({"Ada": {"HARASSMENT_OR_ABUSE": 0.9}})
        assert refusal(screening(abuse), self.STATEMENT) == (
            "text_rejected",
            "HARASSMENT_OR_ABUSE",
        )

    @pytest.mark.parametrize(
        "name",
        [
            "Ada",
            "Nguyễn Thị Minh Khai",
            "Алексей",
            "田中さくら",
            "محمد",
            "Dick",
            "Zoë 🐕",
            "Miss Sussex",
        ],
    )
    def test_a_name_may_be_of_any_language(self, name: str) -> None:
        moderation = FakeTextModeration(language_words={name: [Language("xx", 0.99)]})
        assert refusal(screening(moderation), ClientText(name, Purpose.NAME)) is None

    def test_a_name_is_told_apart_from_a_prompt(self) -> None:
        name = ClientText("n u d e", Purpose.NAME)
        assert refusal(screening(), name) == ("text_rejected", "SEXUAL")

    def test_nothing_to_read_asks_nobody(self) -> None:
        moderation = FakeTextModeration()
        assert refusal(screening(moderation), "", " ") is None
        assert moderation.asked == []


class TestLanguages:
    def test_a_foreign_prompt_is_refused_where_nothing_is_translated(self) -> None:
        moderation = FakeTextModeration(language_words=IN_FRENCH)
        found = refusal(screening(moderation, other_languages="refuse"), FRENCH)
        assert found == ("language_not_supported", "LANGUAGE")

    def test_a_translation_is_judged_by_rules_and_by_comprehend(self) -> None:
        moderation = FakeTextModeration({"idiot man": {"INSULT": 0.9}}, IN_FRENCH)
        translation = FakeTranslation({FRENCH: "an idiot man in a dark wood"})
        assert refusal(screening(moderation, translation=translation), FRENCH) == rejected("INSULT")
        translation = FakeTranslation({FRENCH: "a topless man in a dark wood"})
        assert refusal(screening(moderation, translation=translation), FRENCH) == rejected("SEXUAL")
        harmless = FakeTranslation({FRENCH: "a man in a dark wood"})
        assert refusal(screening(moderation, translation=harmless), FRENCH) is None

    def test_a_foreign_clause_does_not_hide_behind_english_ones(self) -> None:
        moderation = FakeTextModeration(
            language_words={"prairie verdoyante": [Language("fr", 0.9)]}
        )
        text = (
            f"{'portrait of <subject>, cinematic light, ' * 10} une prairie verdoyante et fleurie"
        )
        assert refusal(screening(moderation), text) == ("language_not_supported", "LANGUAGE")

    def test_a_language_that_is_not_translated_is_refused(self) -> None:
        moderation = FakeTextModeration(language_words={"homme": [Language("br", 0.95)]})
        one = screening(moderation, translation=FakeTranslation())
        assert refusal(one, FRENCH) == ("language_not_supported", "LANGUAGE")

    @pytest.mark.parametrize("text", ["портрет", "肖像", "пор", "<subject> ритратто в саду"])
    def test_another_alphabet_is_foreign_however_short(self, text: str) -> None:
        # Whatever the detector makes of it.
        assert refusal(screening(), text) == ("language_not_supported", "LANGUAGE")

    @pytest.mark.parametrize(
        "text",
        [
            "portrait of <subject>, cyberpunk",
            "<subject>",
            "<subject>, bokeh, 35mm, 4k",
            "studio portrait, chiaroscuro, rococo",
            "art nouveau poster of a cat 🐈",
        ],
    )
    def test_an_english_prompt_asks_nobody_for_its_language(self, text: str) -> None:
        moderation = FakeTextModeration()
        assert refusal(screening(moderation), text) is None
        assert moderation.asked == ["toxicity", "personal_data"]

    def test_a_short_rest_is_judged_as_english_and_as_what_it_may_be(self) -> None:
        moderation = FakeTextModeration(
            {"filthy": {"INSULT": 0.9}}, {"sporco": [Language("es", 0.99)]}
        )
        assert refusal(screening(moderation), "portrait, sporco") is None
        translation = FakeTranslation({"portrait, sporco": "portrait, filthy"})
        one = screening(moderation, translation=translation)
        assert refusal(one, "portrait, sporco") == rejected("INSULT")
        assert refusal(screening(moderation, translation=FakeTranslation()), "sporco") is None

    def test_an_unsure_detector_refuses_nothing(self) -> None:
        unsure = FakeTextModeration(language_words={"chandelier": [Language("fr", 0.6)]})
        text = "a chandelier in a boudoir, Versailles, ormolu"
        assert refusal(screening(unsure), text) is None
        sure = screening(unsure, language_confidence=0.5)
        assert refusal(sure, text) == ("language_not_supported", "LANGUAGE")


class TestPersonalData:
    MODERATION = FakeTextModeration(
        personal={
            "@": PersonalData("EMAIL", 0.9),
            "Ada": PersonalData("NAME", 0.99),
            "+44": PersonalData("PHONE", 0.4),
        }
    )

    def test_contacts_and_numbers_are_refused_and_names_are_not(self) -> None:
        one = screening(self.MODERATION)
        assert refusal(one, "call ada@example.org") == rejected("PERSONAL_DATA")
        assert refusal(one, "Ada Lovelace") is None
        assert refusal(one, "+44 1") is None

    def test_what_is_refused_is_the_environments_to_say(self) -> None:
        names = screening(self.MODERATION, personal_data={"refused": ["NAME"]})
        assert refusal(names, "Ada Lovelace") == rejected("PERSONAL_DATA")
        assert refusal(names, "call x@example.org") is None
        none = screening(self.MODERATION, personal_data={"refused": []})
        assert refusal(none, "Ada, ada@example.org, +44 1") is None
        keen = screening(self.MODERATION, personal_data={"min_score": 0.4})
        assert refusal(keen, "+44 1") == rejected("PERSONAL_DATA")


def test_an_organisations_lists_hold_for_every_purpose_and_every_translation() -> None:
    moderation = FakeTextModeration(language_words=IN_FRENCH)
    translation = FakeTranslation({FRENCH: "the president of Mars"})
    one = screening(
        moderation,
        translation=translation,
        blocked_terms={"IMPERSONATION": ["president of"]},
    )
    assert refusal(one, FRENCH) == rejected("IMPERSONATION")
    for purpose in Purpose:
        text = ClientText("pr3sident  of Mars", purpose)
        assert refusal(one, text) == (purpose.code, "IMPERSONATION")


def test_a_guardrail_has_the_last_word() -> None:
    guardrail = FakeGuardrail({"lottery": "GUARDRAIL"})
    one = screening(guardrail=guardrail)
    assert refusal(one, "a l0ttery ticket") == rejected("GUARDRAIL")
    assert refusal(one, ClientText("lottery", Purpose.NEGATIVE)) is None
    assert refusal(one, "a hat") is None


@pytest.mark.parametrize("operation", ["toxicity", "languages", "personal_data"])
def test_whatever_does_not_answer_lets_nothing_pass(operation: str) -> None:
    one = screening(FakeTextModeration(failing={operation}))
    with pytest.raises(Unavailable):
        one.demand_allowed([ClientText("a zebra")])


def test_without_a_translation_nothing_foreign_passes() -> None:
    moderation = FakeTextModeration(language_words=IN_FRENCH)
    one = screening(moderation, translation=FakeTranslation(available=False))
    with pytest.raises(Unavailable):
        one.demand_allowed([ClientText(FRENCH)])


def test_a_refusal_by_our_rules_asks_nobody() -> None:
    moderation = FakeTextModeration()
    assert refusal(screening(moderation), "a naked man") == rejected("SEXUAL")
    assert moderation.asked == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"toxicity": {"SEXY": 0.5}},
        {"toxicity": {"SEXUAL": 1.5}},
        {"blocked_terms": {"lower case": ["x y"]}},
        {"blocked_terms": {"NAMES": ["?!"]}},
        {"banned_by_kind": {"robot": ["SEXUAL"]}},
        {"banned_by_kind": {"person": ["HATS"]}},
        {"personal_data": {"refused": ["SHOE_SIZE"]}},
        {"other_languages": "ignore"},
        {"guardrail": {"id": "x y", "version": "1"}},
        {"guardrail": {"id": "x", "version": "latest"}},
    ],
)
def test_settings_that_mean_nothing_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        PromptSettings.model_validate(wrong, strict=False)


def test_what_may_be_refused_as_personal_is_what_comprehend_can_find() -> None:
    model = botocore.session.get_session().get_service_model("comprehend")
    known = set(model.shape_for("PiiEntityType").metadata["enum"]) - {"ALL"}
    assert {kind.value for kind in PersonalDataKind} == known

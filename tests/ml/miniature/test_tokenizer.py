"""The tokenizer that code makes: whole words of the world, and anything else in letters."""

import re
from pathlib import Path

import pytest
from transformers import CLIPTokenizer

from lambdas.domain.styles import PRESETS
from training.miniature.pictures import HELD_OUT, caption_of
from training.miniature.tokenizer import miniature_tokenizer, vocabulary_words


@pytest.fixture(scope="module")
def tokenizer() -> CLIPTokenizer:
    return miniature_tokenizer()


def test_every_word_of_the_vocabulary_is_one_token(tokenizer: CLIPTokenizer) -> None:
    broken = [word for word in vocabulary_words() if tokenizer.tokenize(word) != [f"{word}</w>"]]
    assert broken == []


def test_captions_that_training_never_saw_fit_and_stay_whole(tokenizer: CLIPTokenizer) -> None:
    for number in range(HELD_OUT, HELD_OUT + 200):
        text = caption_of(number, detail=1.0).text
        ids = tokenizer(text).input_ids
        assert len(ids) <= 77
        assert tokenizer.unk_token_id not in ids[:-1]
        # CLIP takes digits one by one.
        words = re.sub(r"(\d|,|-)", r" \1 ", text).split()
        assert len(ids) == len(words) + 2, text


@pytest.mark.parametrize("text", ["zebra", "Ein Mädchen mit Hut", "日本", "sks", "<person-7>"])
def test_any_text_survives_in_letters(tokenizer: CLIPTokenizer, text: str) -> None:
    ids = tokenizer(text, add_special_tokens=False).input_ids
    assert ids
    assert tokenizer.decode(ids).replace(" ", "") == text.lower().replace(" ", "")


def test_it_pads_to_seventy_seven_tokens(tokenizer: CLIPTokenizer) -> None:
    assert len(tokenizer("a cat", padding="max_length").input_ids) == 77


def test_it_is_the_same_after_saving_and_loading(tokenizer: CLIPTokenizer, tmp_path: Path) -> None:
    tokenizer.save_pretrained(tmp_path)
    loaded = CLIPTokenizer.from_pretrained(tmp_path)
    text = "a smiling woman with curly red hair, zebra"
    assert loaded(text).input_ids == tokenizer(text).input_ids
    assert loaded.model_max_length == 77


def test_every_word_of_a_style_preset_is_one_token() -> None:
    known = set(vocabulary_words())
    for preset in PRESETS.values():
        words = f"{preset.prompt} {preset.negative_prompt}".replace("{prompt}", "").lower()
        assert set(re.findall("[a-z]+", words)) <= known, preset.name

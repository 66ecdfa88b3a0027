import pytest

from contract.subject_phrase import subject_phrase, with_subject


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<subject> on the moon", "<subject> person on the moon"),
        ("<subject> person on the moon", "<subject> person on the moon"),
        ("<subject>  Person", "<subject>  Person"),
        ("<subject> personal", "<subject> person personal"),
        ("a hat on <subject>, <subject>", "a hat on <subject> person, <subject> person"),
        ("nobody", "nobody"),
    ],
)
def test_the_noun_follows_the_token_once(text: str, said: str) -> None:
    assert with_subject(text, "<subject>", "person", "person") == said


def test_a_style_has_no_noun() -> None:
    assert subject_phrase("<subject>", "painting", "style") == "<subject>"
    assert with_subject("a cat, <subject>", "<subject>", "painting", "style") == "a cat, <subject>"

"""The captions that the subject's photos are shown with."""

from contract.subject_phrase import subject_phrase
from contract.training_job import SubjectKind

_THING = (
    "a photo of {}",
    "a portrait of {}",
    "a close-up photo of {}",
    "a cropped photo of {}",
    "a good photo of {}",
    "a picture of {}",
    "a bright photo of {}",
    "a dark photo of {}",
)
_OBJECT = (
    "a photo of {}",
    "a picture of {}",
    "a close-up photo of {}",
    "a photo of {} on a table",
    "a good photo of {}",
    "a bright photo of {}",
)
_STYLE = (
    "a picture in the style of {}",
    "a painting in the style of {}",
    "an image in the style of {}",
    "a drawing in the style of {}",
)
_TEMPLATES = {
    SubjectKind.PERSON: _THING,
    SubjectKind.PET: _THING,
    SubjectKind.OBJECT: _OBJECT,
    SubjectKind.STYLE: _STYLE,
}

# What pictures are asked for while measuring: half of them plain, half in new surroundings.
_MEASURED = {
    SubjectKind.PERSON: (
        "a photo of {}",
        "a portrait of {} in the snow",
        "a close-up photo of {}",
        "a photo of {} wearing a red hat",
        "a portrait of {}",
        "a photo of {} at the beach",
    ),
    SubjectKind.PET: (
        "a photo of {}",
        "a photo of {} in the snow",
        "a close-up photo of {}",
        "a photo of {} wearing a red hat",
        "a portrait of {}",
        "a photo of {} at the beach",
    ),
    SubjectKind.OBJECT: (
        "a photo of {}",
        "a photo of {} in the snow",
        "a close-up photo of {}",
        "a photo of {} on a blue background",
        "a picture of {}",
        "a photo of {} at the beach",
    ),
    SubjectKind.STYLE: (
        "a picture in the style of {}",
        "a picture of a house in the style of {}",
        "a painting in the style of {}",
        "a picture of a cat in the style of {}",
        "a drawing in the style of {}",
        "a picture of a person in the style of {}",
    ),
}


def measured_prompts(
    kind: SubjectKind, token: str, class_noun: str, count: int
) -> list[tuple[str, str]]:
    """`count` prompts for measuring, each for the subject and for any member of its class."""
    templates = _MEASURED[kind]
    phrase = subject_phrase(token, class_noun, kind)
    chosen = [templates[number % len(templates)] for number in range(count)]
    return [(each.format(phrase), each.format(f"a {class_noun}")) for each in chosen]


def subject_captions(kind: SubjectKind, token: str, class_noun: str) -> list[str]:
    """Captions for the subject's photos; the first is the plain one, used for measuring."""
    phrase = subject_phrase(token, class_noun, kind)
    return [template.format(phrase) for template in _TEMPLATES[kind]]


def class_caption(kind: SubjectKind, class_noun: str) -> str:
    """What the base model is asked for when it should show any member of the class."""
    return (
        f"a picture of a {class_noun}"
        if kind is SubjectKind.STYLE
        else f"a photo of a {class_noun}"
    )

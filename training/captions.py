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

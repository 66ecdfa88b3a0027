"""From the texts of a request to the weighted texts that are encoded."""

from dataclasses import dataclass

from contract.adapter import AdapterManifest
from contract.generation import STYLE_SLOT, GenerationRequest, Prompt
from contract.subject_phrase import SUBJECT_TOKEN, with_subject

_NO_WORDS = (Prompt("", 1.0),)


@dataclass(frozen=True)
class Texts:
    """What to show and what to avoid; weights are positive in both."""

    wanted: tuple[Prompt, ...]
    unwanted: tuple[Prompt, ...]


def texts_of(request: GenerationRequest, manifest: AdapterManifest | None) -> Texts:
    """Apply subject and style. Weight 0 has no effect, a negative weight means unwanted."""
    wanted = [prompt for prompt in request.prompts if prompt.weight > 0]
    if manifest is not None:
        wanted = [
            Prompt(
                with_subject(p.text, SUBJECT_TOKEN, manifest.class_noun, manifest.kind), p.weight
            )
            for p in _naming_the_subject(wanted)
        ]
    if request.style is not None:
        style = request.style
        wanted = [Prompt(style.prompt.replace(STYLE_SLOT, p.text), p.weight) for p in wanted]
    return Texts(tuple(wanted), unwanted_of(request))


def unwanted_of(request: GenerationRequest) -> tuple[Prompt, ...]:
    """What to avoid, which no adapter has a say in but by its learned word."""
    unwanted = [
        Prompt(prompt.text, -prompt.weight) for prompt in request.prompts if prompt.weight < 0
    ]
    if request.style is not None and request.style.negative_prompt:
        unwanted.append(Prompt(request.style.negative_prompt))
    return tuple(unwanted) or _NO_WORDS


def _naming_the_subject(wanted: list[Prompt]) -> list[Prompt]:
    """With an adapter, the subject is meant even where no text says so."""
    if any(SUBJECT_TOKEN in prompt.text for prompt in wanted):
        return wanted
    first = Prompt(f"{SUBJECT_TOKEN}, {wanted[0].text}", wanted[0].weight)
    return [first, *wanted[1:]]

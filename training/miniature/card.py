"""The model card, written from what was measured: no number in it is typed by hand."""

import json
from pathlib import Path
from typing import Any

from contract.doubling import DOUBLER_FOLDER
from contract.few_step import CONFIG_FILE, FEW_STEP_FOLDER

_HISTORY = """The weights that are kept here took a detour: the coarse autoencoder is an earlier one
of 64 pixels, and the first 5,120 steps of the UNet were on its latents. Faces and mouths began to
count more at the UNet's step 20,415 and the decoder's 3,057, mouths as much as the code says now at
the UNet's 31,180."""
_FEW_STEP = """
`few_step/` is a LoRA that was distilled from the finished UNet (latent consistency), to draw in a
few steps; `docs/few-step-measured.md` says what that costs.
"""
_DOUBLER = """
`doubler/` is a small network that draws pictures at twice their size, trained on drawn ones that
were reduced; `docs/upscaling-measured.md` says what that is worth.
"""
_COMMAND = "python -m training.miniature.build --out models/miniature --stage all"


def write_card(folder: Path, training: dict[str, int]) -> None:
    """Write `README.md` from `measured.json`; `training` tells the steps of each stage."""
    measured = json.loads((folder / "measured.json").read_text(encoding="utf-8"))
    (folder / "README.md").write_text(
        _text(
            measured,
            training,
            _megabytes(folder),
            few_step=(folder / FEW_STEP_FOLDER / CONFIG_FILE).exists(),
            doubler=(folder / DOUBLER_FOLDER / CONFIG_FILE).exists(),
        ),
        encoding="utf-8",
    )


def _megabytes(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*.safetensors")) / 1e6


def _text(
    measured: dict[str, Any],
    training: dict[str, int],
    size: float,
    *,
    few_step: bool,
    doubler: bool,
) -> str:
    generated, drawn, rebuilt = (measured[k] for k in ("generated", "drawn", "reconstructed"))
    rows = "\n".join(
        f"| {trait} | {found['right']:.1%} | {rebuilt['traits'][trait]['right']:.1%} "
        f"| {drawn['traits'][trait]['right']:.1%} | {found['n']} |"
        for trait, found in generated["traits"].items()
    )
    steps = "\n".join(f"| {stage} | {count:,} |" for stage, count in training.items())
    beside = (_FEW_STEP if few_step else "") + (_DOUBLER if doubler else "")
    return f"""# The miniature

A text-to-image Stable Diffusion of our own, {size:.0f} MB in half precision, in the standard
diffusers layout. It draws portraits of people, pets and things that do not exist, in five drawing
styles. It is a test bed: small enough to fine-tune on a laptop's CPU, good enough to see whether a
fine-tuning method keeps a likeness.

![Sixteen prompts, four seeds each](contact-sheet.png)

## Data

Pictures and captions are drawn by the code in `training/miniature/world`, from seeds. There is no
photo, no picture of a living person, and nothing from the web in it. Scars, freckles, moles, odd
eyes and exact proportions are drawn but never captioned.

## Training

From scratch, by this repository:

    {_COMMAND}

| stage | steps |
|---|---|
{steps}

The autoencoder learns coarsely first, on pictures of half the side, and is then grown. Its decoder
is used to noisy latents, so that what a denoiser leaves undone does not show. The text encoder
first learns to name the traits in captions, then goes on learning beside the UNet, which predicts
v; its errors in faces and mouths count more, or moods would drown in places and clothes.
Classifier-free guidance works because one caption in ten was left out. The image encoder in
`clip/` learned last, to agree with the finished text encoder. `classifiers/` holds the judge of the
table below.

{_HISTORY}
{beside}
## Measured

{measured["prompts"]} held-out prompts, {measured["sampler"]}, {measured["steps"]} steps, guidance
{measured["guidance"]}. A trait counts where the prompt names it. The judge is a small classifier
trained on drawn pictures only; the columns for reconstructed and drawn pictures say what the
autoencoder costs, and how far the judge itself can be trusted.

| trait | generated | reconstructed | drawn | n |
|---|---|---|---|---|
| **all** | **{generated["all"]:.1%}** | {rebuilt["all"]:.1%} | {drawn["all"]:.1%} | |
{rows}

Autoencoder: mean absolute error {measured["autoencoder_l1"]:.4f} of the brightness range.
Text–image cosine: {measured["text_image_cosine"]:.3f}.

## Limits

It knows the words of its captions; other words are letters to it, and do little. It draws one
subject, from the front. Words for what it never saw (a full body, two people, text) have no effect.
The five styles are filters over flat drawings, not an artist's hand.

## Licence

That of this repository. There is no third-party data or weight in it.
"""

"""The miniature in models/ obeys what users of Stable Diffusion turn: words, seeds, guidance."""

from pathlib import Path

import pytest
import torch
from diffusers import StableDiffusionPipeline

from contract.generation import Sampler
from inference.samplers import scheduler_for
from training.miniature.assemble import load_pipeline
from training.miniature.classifiers import TraitClassifiers, load_classifiers
from training.miniature.world import TRAITS

_MODEL = Path("models/miniature")
_SEEDS = range(8)

# diffusers turns tensors into arrays in a way that numpy 2 warns of, in several samplers.
pytestmark = pytest.mark.filterwarnings("ignore:__array_:DeprecationWarning")


class Studio:
    """Draws, and lets the judge say how likely a trait is."""

    def __init__(self) -> None:
        self.pipeline: StableDiffusionPipeline = load_pipeline(_MODEL)
        self.base_scheduler = self.pipeline.scheduler
        self.judge: TraitClassifiers = load_classifiers(_MODEL / "classifiers")

    def draw(
        self,
        prompt: str,
        *,
        negative: str = "",
        guidance: float = 5.0,
        steps: int = 10,
        sampler: Sampler = Sampler.K_DPMPP_2M,
        seeds: range = _SEEDS,
    ) -> torch.Tensor:
        self.pipeline.scheduler = scheduler_for(sampler, self.base_scheduler)
        made = self.pipeline(
            [prompt] * len(seeds),
            negative_prompt=[negative] * len(seeds),
            guidance_scale=guidance,
            num_inference_steps=steps,
            generator=[torch.Generator().manual_seed(seed) for seed in seeds],
            output_type="np",
        ).images
        return torch.from_numpy(made).permute(0, 3, 1, 2) * 2 - 1

    def likely(self, pictures: torch.Tensor, trait: str, value: str) -> float:
        with torch.no_grad():
            scores = self.judge(pictures)[trait]
        return float(scores.softmax(1)[:, TRAITS[trait].index(value)].mean())


@pytest.fixture(scope="module")
def studio() -> Studio:
    torch.manual_seed(0)
    return Studio()


@pytest.mark.parametrize("colour", ["red", "blue", "green"])
def test_the_background_is_the_one_that_was_asked_for(studio: Studio, colour: str) -> None:
    made = studio.draw(f"a smiling woman on a {colour} background")
    assert studio.likely(made, "backdrop", colour) > 0.6


def test_words_change_what_is_worn(studio: Studio) -> None:
    bare = studio.draw("a man with short brown hair")
    worn = studio.draw("a man wearing sunglasses")
    assert studio.likely(worn, "glasses", "sunglasses") > 0.6
    assert studio.likely(bare, "glasses", "sunglasses") < 0.4


def test_a_negative_prompt_lowers_the_trait(studio: Studio) -> None:
    plain = studio.draw("a person in a forest")
    without = studio.draw("a person in a forest", negative="forest")
    assert studio.likely(without, "backdrop", "forest") < studio.likely(plain, "backdrop", "forest")


def test_guidance_makes_the_picture_follow_the_words(studio: Studio) -> None:
    words = "a surprised woman with long red hair and glasses at the beach"
    free, guided = (studio.draw(words, guidance=scale, seeds=range(6)) for scale in (1.0, 5.0))
    wanted = {"hair": "red", "cut": "long", "glasses": "glasses", "backdrop": "beach"}
    followed = [
        sum(studio.likely(made, trait, value) for trait, value in wanted.items())
        for made in (free, guided)
    ]
    assert followed[0] < followed[1]


def test_a_seed_fixes_the_picture(studio: Studio) -> None:
    first, again = (studio.draw("a blue robot", seeds=range(2)) for _ in range(2))
    assert torch.equal(first, again)
    assert not torch.equal(first[0], first[1])


@pytest.mark.parametrize("sampler", Sampler)
def test_every_sampler_ends_at_the_prompt(studio: Studio, sampler: Sampler) -> None:
    made = studio.draw(
        "an orange cat on a blue background", sampler=sampler, steps=14, seeds=range(4)
    )
    assert studio.likely(made, "backdrop", "blue") > 0.5


@pytest.mark.parametrize(
    ("style", "words"),
    [
        ("neon", "a neon portrait of a man"),
        ("watercolour", "a watercolour painting of a man"),
        ("pixel", "pixel art of a man"),
        ("pencil", "a pencil drawing of a man"),
    ],
)
def test_a_style_can_be_seen(studio: Studio, style: str, words: str) -> None:
    styled, plain = studio.draw(words), studio.draw("a man")
    assert studio.likely(styled, "style", style) > 0.1 + studio.likely(plain, "style", style)

import random
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import DDIMScheduler
from PIL import Image, ImageDraw

from contract.training_job import Precision, SubjectKind
from tests.ml.training_runs import ULID
from training import checkpoint
from training.average import Average
from training.captions import class_caption, subject_captions
from training.errors import TrainingError
from training.latents import LatentCache
from training.loss import min_snr_weights, target, weighted_loss
from training.photos import Photo, as_pixels, closer, load_photos, square, views_of
from training.preparation import resolved
from training.settings import Folders, read_hyperparameters
from training.subject_mask import background_weights, centre_of, subject_mask
from training.tiny_tokenizer import tiny_tokenizer
from training.tiny_world import KINDS, draw

NEEDED = {
    "training_id": f"trn_{ULID}",
    "subject_id": f"sub_{ULID}",
    "kind": "person",
    "class_noun": "garden gnome",
    "base_model_id": "tiny-sd",
    "max_steps": "1",
    "rank": "4",
    "learning_rate": "1e-05",
    "resolution": "64",
    "batch_size": "1",
}


def scheduler(kind: str) -> DDIMScheduler:
    return DDIMScheduler(beta_schedule="scaled_linear", clip_sample=False, prediction_type=kind)


def test_settings_come_as_pairs_or_with_an_equals_sign() -> None:
    pairs = [word for name, value in NEEDED.items() for word in (f"--{name}", value)]
    joined = [f"--{name}={value}" for name, value in NEEDED.items()]
    assert read_hyperparameters(pairs) == read_hyperparameters(joined)
    assert read_hyperparameters(pairs).class_noun == "garden gnome"


@pytest.mark.parametrize(
    "arguments", [["--rank"], ["rank", "4"], ["--rank", "4", "--rank", "5"], ["--rank", "4"], []]
)
def test_arguments_that_make_no_settings_are_refused(arguments: list[str]) -> None:
    with pytest.raises(TrainingError, match=r"HYPERPARAMETERS_INVALID: [A-Z]"):
        read_hyperparameters(arguments)


def test_folders_are_the_containers_unless_told_otherwise() -> None:
    assert Folders.from_environment({}).checkpoints == Path("/opt/ml/checkpoints")
    told = Folders.from_environment({"SM_OUTPUT_DIR": "/x", "SM_CHANNEL_PHOTOS": "/y"})
    assert (told.failure_file, told.photos) == (Path("/x/failure"), Path("/y"))


def test_photos_come_sorted_upright_and_without_hidden_files(tmp_path: Path) -> None:
    lying = Image.new("RGB", (40, 20))
    exif = lying.getexif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    lying.save(tmp_path / "b.jpg", exif=exif)
    Image.new("L", (8, 8)).save(tmp_path / "a.png")
    (tmp_path / ".part").write_bytes(b"not a photo")
    photos = load_photos(tmp_path)
    assert [photo.name for photo in photos] == ["a.png", "b.jpg"]
    assert [photo.image.size for photo in photos] == [(8, 8), (20, 40)]
    assert {photo.image.mode for photo in photos} == {"RGB"}


def test_the_square_of_a_tall_photo_leaves_out_more_below_than_above() -> None:
    tall = Image.new("RGB", (10, 40))
    for y in range(40):
        for x in range(10):
            tall.putpixel((x, y), (y * 6, 0, 0))
    rows = np.asarray(square(tall, 10))[:, 5, 0] / 6
    assert abs(rows.mean() - (10 + 4.5)) < 1
    assert square(tall, 64).size == (64, 64)


def test_pixels_span_minus_one_to_one() -> None:
    photos = [Photo("w", Image.new("RGB", (9, 9), "white")), Photo("b", Image.new("RGB", (5, 9)))]
    pixels = as_pixels(photos, 16)
    assert pixels.shape == (2, 3, 16, 16)
    assert (pixels.min().item(), pixels.max().item()) == (-1.0, 1.0)


@pytest.mark.parametrize("kind", SubjectKind)
def test_every_caption_names_the_subject_once(kind: SubjectKind) -> None:
    captions = subject_captions(kind, "<subject>", "cat")
    assert all(caption.count("<subject>") == 1 for caption in captions)
    assert len(set(captions)) == len(captions) >= 4
    assert "<subject>" not in class_caption(kind, "cat")


def test_weights_cut_what_a_loss_asks_of_clean_pictures() -> None:
    times = torch.tensor([0, 300, 999])
    noise, velocity = scheduler("epsilon"), scheduler("v_prediction")
    kept = noise.alphas_cumprod[times]
    ratio = kept / (1 - kept)
    of_noise, of_velocity = (min_snr_weights(one, times, 5.0) for one in (noise, velocity))
    assert torch.allclose(of_noise * ratio, ratio.clamp(max=5))
    assert torch.allclose(of_velocity * (ratio + 1), (ratio + 1).clamp(max=5))
    assert min_snr_weights(noise, times, 0.0).tolist() == [1, 1, 1]


def test_the_target_is_noise_or_velocity() -> None:
    latents, noise = torch.randn(2, 4, 8, 8), torch.randn(2, 4, 8, 8)
    times = torch.tensor([10, 900])
    assert torch.equal(target(scheduler("epsilon"), latents, noise, times), noise)
    velocity = target(scheduler("v_prediction"), latents, noise, times)
    kept = scheduler("v_prediction").alphas_cumprod[times].view(-1, 1, 1, 1)
    assert torch.allclose(velocity, kept.sqrt() * noise - (1 - kept).sqrt() * latents, atol=1e-5)


def test_the_loss_weighs_each_sample() -> None:
    predicted, wanted = torch.tensor([[1.0], [3.0]]), torch.zeros(2, 1)
    assert weighted_loss(predicted, wanted, torch.tensor([2.0, 0.0])).item() == 1.0


def test_a_loss_can_weigh_places() -> None:
    predicted, wanted = torch.tensor([[[[1.0, 3.0]]]]), torch.zeros(1, 1, 1, 2)
    places = torch.tensor([[[2.0, 0.0]]])
    assert weighted_loss(predicted, wanted, torch.ones(1), places).item() == 1.0


def test_the_mask_finds_the_subject_and_not_the_wall(photos: Path) -> None:
    pixels = as_pixels(load_photos(photos), 64)
    masks = subject_mask(pixels)
    face, corners = masks[:, 20:40, 24:40].mean(), masks[:, :8, [*range(8), *range(56, 64)]].mean()
    assert masks.shape == (12, 64, 64)
    assert 0 <= masks.min() < masks.max() <= 1
    assert face > 0.6
    assert corners < 0.1


def test_the_background_counts_less_by_the_strength_that_is_asked_for() -> None:
    masks = torch.zeros(1, 8, 8)
    masks[:, 2:6, 2:6] = 1
    assert torch.equal(background_weights(masks, 0.0, (4, 4)), torch.ones(1, 4, 4))
    weights = background_weights(masks, 0.75, (4, 4))
    assert weights.mean().item() == pytest.approx(1)
    assert (weights[0, 0, 0] / weights[0, 1, 1]).item() == pytest.approx(0.25)


def test_a_closer_view_shows_less_around_the_subject() -> None:
    image = Image.new("RGB", (120, 90), "navy")
    ImageDraw.Draw(image).ellipse((66, 30, 96, 60), "orange")
    wide, close = (as_pixels([Photo("p", view)], 64) for view in (image, closer(image, 64)))
    orange = [(view[0, 0] > 0.5).float() for view in (wide, close)]
    assert orange[1].sum() > 1.5 * orange[0].sum()
    across, down = centre_of(orange[1])
    assert 0.35 < across < 0.9
    assert 0.3 < down < 0.7
    views = views_of([Photo("p", image)], 64, close=True, mirror=True)
    assert [view.shape for view in views] == [(1, 3, 64, 64)] * 4
    assert torch.equal(views[3], views[1].flip(-1))


def test_the_mean_weights_forget_the_start_of_a_short_run() -> None:
    parameter = torch.nn.Parameter(torch.zeros(1))
    average, off = Average([parameter], 0.5), Average([parameter], 0.0)
    for step, value in enumerate((1.0, 2.0, 3.0)):
        parameter.data.fill_(value)
        average.update(step)
        off.update(step)
    with average.laid_over():
        # Kept shares 0.1, 2/11 and 0.25: the decay is reached later.
        assert parameter.item() == pytest.approx(0.75 * 3 + 0.25 * (9 / 11 * 2 + 2 / 11 * 0.9))
    with off.laid_over():
        assert parameter.item() == 3.0
    assert parameter.item() == 3.0
    again = Average([parameter], 0.5)
    again.restore(average.state())
    with again.laid_over(), average.laid_over():
        assert torch.equal(again.state()["means"][0], average.state()["means"][0])


def test_automatic_precision_is_exact_where_there_is_no_gpu() -> None:
    assert resolved(Precision.AUTO, torch.device("cpu")) is Precision.FP32
    assert resolved(Precision.BF16, torch.device("cpu")) is Precision.BF16


def test_latents_are_drawn_around_the_chosen_views() -> None:
    mean = torch.arange(4.0).view(2, 2, 1, 1, 1)
    cache = LatentCache(mean, torch.full_like(mean, 0.5))
    drawn = cache.drawn(torch.tensor([1, 0]), torch.tensor([0, 1]), torch.ones(2, 1, 1, 1))
    assert drawn.flatten().tolist() == [2.5, 1.5]


def test_only_a_whole_checkpoint_of_the_same_run_is_taken(tmp_path: Path) -> None:
    for step in (1, 2, 3):
        checkpoint.save(tmp_path, step, {"step": step, "fingerprint": "mine"})
    checkpoint.save(tmp_path, 4, {"step": 4, "fingerprint": "another's"})
    assert len(list(tmp_path.iterdir())) == 2
    state = checkpoint.newest(tmp_path, "mine")
    assert state is not None
    assert state["step"] == 3
    for path in tmp_path.iterdir():
        path.write_bytes(path.read_bytes()[:-1])
    assert checkpoint.newest(tmp_path, "mine") is None
    assert checkpoint.newest(tmp_path / "none", "mine") is None


def test_the_tiny_tokenizer_knows_its_words_and_any_text() -> None:
    tokenizer = tiny_tokenizer()
    for word in (*KINDS, "photo", "astronaut", "background"):
        assert len(tokenizer(word, add_special_tokens=False).input_ids) == 1, word
    strange = tokenizer("Übergröße 日本 <subject> 7!", add_special_tokens=False).input_ids
    assert tokenizer.unk_token_id not in strange
    assert len(tokenizer) < 2000


def test_the_drawn_world_is_repeatable_and_names_its_colours() -> None:
    first, again = draw(random.Random(5)), draw(random.Random(5))
    assert first.image.tobytes() == again.image.tobytes()
    assert first.caption == again.caption
    assert "background" in first.caption

"""Valid documents, drawn by Hypothesis, and ways to damage them."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from contract.adapter import AdapterManifest
from contract.base_model import BaseModel, Family
from contract.few_step import FewStepSolver, FewStepTier, Range
from contract.generation import AdapterReference, GenerationRequest, Prompt, Sampler, Style
from contract.generation_result import Artifact, FinishReason, GenerationResponse, Timings
from contract.generation_source import ImageReference, SourceImage
from contract.s3_location import S3Location
from contract.training_job import (
    Hyperparameters,
    Optimizer,
    Phase,
    Precision,
    Progress,
    SubjectKind,
)

ULID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
PNG = b"\x89PNG\r\n\x1a\n" + b"pixels"

words = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=30
)
digests = st.text("0123456789abcdef", min_size=64, max_size=64)
ulids = st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=26, max_size=26)
base_ids = st.from_regex(r"[a-z0-9][a-z0-9.-]{0,62}", fullmatch=True)
moments = st.integers(946_684_800_000, 4_102_444_800_000).map(
    lambda milliseconds: datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=milliseconds)
)
locations = st.builds(
    S3Location,
    bucket=st.from_regex(r"[a-z0-9][a-z0-9-]{1,30}[a-z0-9]", fullmatch=True),
    key=st.from_regex(r"([A-Za-z0-9_]{1,9}/){0,3}[A-Za-z0-9_.]{0,3}[a-z]", fullmatch=True),
)
base_models = st.builds(BaseModel, id=base_ids, hash=digests, family=st.sampled_from(Family))
scalars = st.one_of(st.none(), st.booleans(), st.integers(), words, st.floats(-1e6, 1e6))
manifests = st.builds(
    AdapterManifest,
    base_model=base_models,
    rank=st.integers(1, 256),
    targets=st.sampled_from([("to_q",), ("to_k", "to_out.0")]),
    token=st.just("<subject>"),
    class_noun=st.sampled_from(["person", "red panda", "schäferhund"]),
    training=st.dictionaries(words, scalars, max_size=4),
    metrics=st.dictionaries(words, scalars, max_size=4),
    sha256=digests,
    size_bytes=st.integers(1, 2**31),
)
hyperparameters = st.builds(
    Hyperparameters,
    training_id=ulids.map("trn_{}".format),
    subject_id=ulids.map("sub_{}".format),
    kind=st.sampled_from(SubjectKind),
    class_noun=st.sampled_from(["person", "cat", "garden chair"]),
    base_model_id=base_ids,
    max_steps=st.integers(1, 100_000),
    rank=st.integers(1, 256),
    learning_rate=st.floats(1e-9, 1.0),
    resolution=st.integers(4, 256).map(lambda n: n * 8),
    batch_size=st.integers(1, 64),
    seed=st.integers(0, 2**32 - 1),
    checkpoint_every=st.integers(1, 100_000),
    lora_rate_factor=st.floats(0.0, 1000.0),
    token_rate_factor=st.floats(0.0, 1000.0),
    token_vectors=st.integers(1, 8),
    token_fraction=st.floats(0.0, 1.0),
    caption_dropout=st.floats(0.0, 1.0),
    min_snr_gamma=st.floats(0.0, 100.0),
    prior_preservation=st.booleans(),
    prior_loss_weight=st.floats(0.0, 10.0),
    prior_images=st.integers(1, 200),
    mirror=st.booleans(),
    close_crops=st.booleans(),
    subject_mask=st.floats(0.0, 1.0),
    ema_decay=st.floats(0.0, 0.999),
    hold_out=st.booleans(),
    choose_checkpoint=st.booleans(),
    evaluation_share=st.floats(0.0, 1.0),
    likeness_floor=st.floats(0.0, 1.0),
    optimizer=st.sampled_from(Optimizer),
    precision=st.sampled_from(Precision),
    gradient_checkpointing=st.booleans(),
)
progresses = st.builds(
    Progress,
    phase=st.sampled_from(Phase),
    step=st.integers(0, 100),
    max_steps=st.integers(100, 100_000),
    loss=st.none() | st.floats(0.0, 1e6),
    updated_at=moments,
)
requests = st.builds(
    GenerationRequest,
    generation_id=ulids.map("gen_{}".format),
    progress_uri=locations,
    base_model=base_ids,
    adapter=st.none() | st.builds(AdapterReference, uri=locations, sha256=digests),
    prompts=st.lists(st.builds(Prompt, text=words, weight=st.floats(-10, 10)), max_size=3).map(
        lambda prompts: (Prompt("a portrait of <subject>"), *prompts)
    ),
    style=st.none()
    | st.builds(Style, name=words, prompt=words.map("{prompt}, ".__add__), negative_prompt=words),
    cfg_scale=st.floats(0, 35),
    steps=st.integers(1, 150),
    seeds=st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=4).map(tuple),
    width=st.integers(8, 256).map(lambda n: n * 8),
    height=st.integers(8, 256).map(lambda n: n * 8),
    sampler=st.sampled_from(Sampler),
    source=st.none()
    | st.builds(
        SourceImage,
        image=st.builds(ImageReference, uri=locations, sha256=digests),
        noise_start=st.floats(0.5, 1.0),
        noise_end=st.floats(0.0, 0.4),
    ),
    upscale=st.sampled_from([None, 2, 4]),
    few_step=st.booleans(),
)
_sorted_numbers = st.lists(st.integers(1, 8), min_size=3, max_size=3).map(sorted)
few_step_tiers = st.builds(
    FewStepTier,
    base_hash=digests,
    rank=st.integers(1, 256),
    solver=st.sampled_from(FewStepSolver),
    original_steps=st.integers(8, 1000),
    steps=_sorted_numbers.map(lambda n: Range(n[0], n[2], n[1])),
    cfg_scale=_sorted_numbers.map(lambda n: Range(n[0] / 2, n[2] / 2, n[1] / 2)),
    sha256=digests,
    size_bytes=st.integers(1, 2**31),
)
responses = st.builds(
    GenerationResponse,
    generation_id=ulids.map("gen_{}".format),
    base_model=base_ids,
    adapter=st.none() | digests,
    artifacts=st.lists(st.booleans(), min_size=1, max_size=4).map(
        lambda outcomes: tuple(
            Artifact(index, 7, FinishReason.SUCCESS, PNG)
            if good
            else Artifact(index, 7, FinishReason.ERROR, b"")
            for index, good in enumerate(outcomes)
        )
    ),
    timings=st.builds(
        Timings,
        adapter_load_s=st.floats(0, 100),
        denoise_s=st.floats(0, 100),
        total_s=st.floats(0, 100),
    ),
)

# Anything that JSON can say.
json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def changed(text: str, change: Callable[[dict[str, Any]], object]) -> str:
    """The document after `change` was done to it."""
    document = json.loads(text)
    change(document)
    return json.dumps(document)

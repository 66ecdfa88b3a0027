import dataclasses

import torch

from contract.adapter import TARGETS, AdapterManifest
from contract.base_model import BaseModel, Family
from contract.s3_location import S3Location
from inference.adapter_layout import AdapterLayout
from inference.adapter_tensors import AdapterTensors
from inference.memory_tier import MAX_AGE_S, MemoryTier

SOURCE = S3Location("models", "adapters/usr/sub/trn/")
SIZE = 4 * (96 + 6)  # of `adapter`: a padded buffer and a table of floats


def adapter(name: str) -> AdapterTensors:
    lora = {"b": torch.ones(3, 5), "a": torch.ones(2, 20)}
    layout = AdapterLayout.of(lora)
    flat = torch.ones(layout.length)
    manifest = AdapterManifest(
        BaseModel("tiny-sd", "0" * 64, Family.SD), 2, TARGETS, "<s>", "person", {}, {}, name, 1
    )
    return AdapterTensors(manifest, layout, flat, (torch.ones(2, 3),))


def test_a_layout_depends_on_names_and_shapes_only_and_keeps_tensors_apart() -> None:
    lora = {"b": torch.full((3, 5), 2.0), "a": torch.full((2, 20), 1.0)}
    layout = AdapterLayout.of(lora)
    assert layout == AdapterLayout.of(dict(reversed(lora.items())))
    assert layout != AdapterLayout.of({**lora, "a": torch.ones(20, 2)})
    flat = torch.zeros(layout.length)
    views = layout.views(flat)
    for name, place in views.items():
        place.copy_(lora[name])
        assert place.data_ptr() % 64 == flat.data_ptr() % 64
    assert all(torch.equal(views[name], lora[name]) for name in lora)
    assert flat.sum() == 2 * 15 + 40


def test_the_least_recently_used_leaves_by_bytes() -> None:
    tier = MemoryTier(2 * SIZE)
    assert adapter("a").size_bytes == SIZE
    for name in ("a", "b"):
        tier.put(adapter(name), SOURCE)
    assert tier.get("a")
    tier.put(adapter("c"), SOURCE)
    assert sorted(tier.sources()) == ["a", "c"]
    assert tier.size_bytes == 2 * SIZE


def test_one_that_is_larger_than_the_tier_is_not_kept_and_costs_nobody_a_place() -> None:
    tier = MemoryTier(2 * SIZE)
    tier.put(adapter("a"), SOURCE)
    large = dataclasses.replace(adapter("b"), flat=torch.ones(1000))
    tier.put(large, SOURCE)
    assert sorted(tier.sources()) == ["a"]
    nothing = MemoryTier(0)
    nothing.put(adapter("a"), SOURCE)
    assert len(nothing) == nothing.size_bytes == 0


def test_the_same_adapter_again_takes_its_place_once() -> None:
    tier = MemoryTier(2 * SIZE)
    for _ in range(3):
        tier.put(adapter("a"), SOURCE)
    assert (len(tier), tier.size_bytes) == (1, SIZE)


def test_wiping_leaves_no_number_behind() -> None:
    tier, erased = MemoryTier(2 * SIZE), adapter("a")
    tier.put(erased, SOURCE)
    tier.drop("a", wipe=True)
    assert tier.get("a") is None
    assert tier.size_bytes == 0
    assert not erased.flat.any()
    assert not erased.vectors[0].any()


def test_entries_leave_after_a_day() -> None:
    now = [1000.0]
    tier = MemoryTier(2 * SIZE, lambda: now[0])
    tier.put(adapter("a"), SOURCE)
    now[0] += MAX_AGE_S
    assert tier.get("a")
    now[0] += 1
    assert tier.get("a") is None

"""Subjects interleaved, each picture beside the one that a fresh process makes for the request.

The requests differ in subject, words, sampler and guidance, and some have no subject. They come in
random order; every answer's pictures are compared by SHA-256 with those of a process that loaded
the base model, answered this one request, and ended.
"""

from __future__ import annotations

import hashlib
import random
import shutil
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import torch

from benchmarks.serving.served import (
    WORK,
    Objects,
    base_of,
    published,
    request_for,
    server_of,
)
from contract.generation import GenerationRequest, Prompt, Sampler
from contract.generation_result import GenerationResponse
from inference.base import Base
from inference.server import Server

_RANK = 4
_WORDS = (
    (Prompt("a photo of <subject>"),),
    (Prompt("<subject> in a forest"), Prompt("a hat", 0.5), Prompt("blue", -1.0)),
    (Prompt("a drawing"),),
)
_SAMPLERS = (Sampler.DDIM, Sampler.K_DPMPP_2M, Sampler.K_EULER_ANCESTRAL, Sampler.DDPM)


def measure(variant: str, turns: int) -> dict[str, Any]:
    """How many of the answers were the fresh ones, bit for bit."""
    name, _, count = variant.partition(" ")
    distinct = int(count)
    fresh = _fresh(name, distinct)
    base, server, asked = _scene(name, distinct, "interleaved")
    order, equal, previous, changes = random.Random(3), 0, -1, 0
    for _ in range(turns):
        number = order.randrange(distinct)
        equal += _answered(server, asked[number]) == fresh[number]
        changes += number != previous
        previous = number
    return {
        "base": base.description.id,
        "distinct": distinct,
        "different_pictures": len(set(fresh)),
        "requests": turns,
        "changes": changes,
        "equal": equal,
    }


def _scene(name: str, distinct: int, folder: str) -> tuple[Base, Server, list[GenerationRequest]]:
    torch.set_num_threads(1)
    store, base = Objects(), base_of(name)
    adapters = (*published(base, store, distinct - 1, _RANK), None)
    asked = [
        request_for(
            base,
            adapter,
            seed=100 + number,
            prompts=_WORDS[number % len(_WORDS)],
            sampler=_SAMPLERS[number % len(_SAMPLERS)],
            cfg_scale=3.0 + number,
        )
        for number, adapter in enumerate(adapters)
    ]
    shutil.rmtree(WORK / "cache" / folder, ignore_errors=True)
    # Room for two adapters in memory: most requests go through all tiers.
    size = 2 * len(next(c for n, c in store.objects.items() if n.endswith(".safetensors")))
    return base, server_of(base, store, folder, host_bytes=2 * size), asked


def _answered(server: Server, request: GenerationRequest) -> str:
    answer = GenerationResponse.from_json(server.answer(request.to_json()))
    return hashlib.sha256(answer.artifacts[0].image).hexdigest()


def _fresh(name: str, distinct: int) -> list[str]:
    """One process for each request: forked with the libraries imported, and nothing loaded."""
    context = get_context("forkserver")
    context.set_forkserver_preload(["benchmarks.serving.served"])
    with ProcessPoolExecutor(1, mp_context=context, max_tasks_per_child=1) as pool:
        jobs = [pool.submit(_alone, name, distinct, number) for number in range(distinct)]
        return [job.result() for job in jobs]


def _alone(name: str, distinct: int, number: int) -> str:
    _, server, asked = _scene(name, distinct, f"fresh-{number}")
    return _answered(server, asked[number])

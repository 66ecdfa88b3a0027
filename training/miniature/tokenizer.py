"""A CLIP tokenizer made by code: every byte is a token, and every word of the world is one token.

Byte-pair encoding always joins the pair of lowest rank. Words are added in turn, each first
encoded with the merges known so far and then grown whole from its front, so no later word breaks an
earlier one.
"""

import random
import re
from itertools import pairwise

from transformers import CLIPTokenizer

from training.miniature.pictures import caption_of
from training.miniature.world.wording import FILLERS, LOOKS

_MORE_WORDS = """
photo photograph image face headshot avatar style high quality best detailed beautiful masterpiece
sharp bright vivid dark soft light lighting blurry ugly low bad worst deformed watermark text
artwork art digital comic book anime cartoon cinematic film fantasy isometric line poly origami
paper clay modeling compound tile texture enhance photographic realistic render model punk
analog epic colourful colorful cute handsome pretty young old boy girl child someone subject
wearing holding standing sitting front behind near over without and or not no very big small tall
astronaut knight wizard chef doctor superhero king queen pirate park street room kitchen garden
desert space sun moon glass bottle teapot backpack shirt jacket coat dress scarf
"""


def vocabulary_words() -> list[str]:
    """The words of two thousand captions, and others that people write in prompts."""
    found = set(re.findall(r"[a-z]+", " ".join([_MORE_WORDS, *FILLERS])))
    for openings, phrases in LOOKS.values():
        found.update(re.findall(r"[a-z]+", " ".join([*openings, *phrases])))
    rng = random.Random(0)
    for number in range(2000):
        found.update(re.findall(r"[a-z]+", caption_of(number, rng.getrandbits(30), 1.0).text))
    return sorted(found)


def miniature_tokenizer(max_tokens: int = 77) -> CLIPTokenizer:
    """The tokenizer; always the same for the same world."""
    letters = _byte_letters()
    tokens = dict.fromkeys([*letters, *(f"{letter}</w>" for letter in letters)])
    ranks: dict[tuple[str, str], int] = {}
    for word in vocabulary_words():
        spelled = [*word[:-1], f"{word[-1]}</w>"]
        while len(parts := _encoded(spelled, ranks)) > 1:
            ranks[parts[0], parts[1]] = len(ranks)
            tokens[parts[0] + parts[1]] = None
    vocabulary = {
        token: index for index, token in enumerate([*tokens, "<|startoftext|>", "<|endoftext|>"])
    }
    return CLIPTokenizer(vocab=vocabulary, merges=list(ranks), model_max_length=max_tokens)


def _encoded(parts: list[str], ranks: dict[tuple[str, str], int]) -> list[str]:
    while known := [pair for pair in pairwise(parts) if pair in ranks]:
        first, second = min(known, key=ranks.__getitem__)
        joined: list[str] = []
        for part in parts:
            if joined and joined[-1] == first and part == second:
                joined[-1] = first + second
            else:
                joined.append(part)
        parts = joined
    return parts


def _byte_letters() -> list[str]:
    """One printable character per byte, as byte-level BPE of GPT-2 and CLIP has it."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = (byte for byte in range(256) if byte not in set(printable))
    return [chr(byte) for byte in printable] + [chr(256 + index) for index, _ in enumerate(hidden)]

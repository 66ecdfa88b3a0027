"""A CLIP tokenizer whose byte-pair vocabulary is written by code: no download, under 2,000 entries.

Every letter and byte is a token, and each word of a short list grows out of its letters by merges,
so that any text can be tokenized and the words that matter are one token each.
"""

from itertools import pairwise

from transformers import CLIPTokenizer, T5Tokenizer

from training.tiny_world import COLOURS, KINDS, STYLES

_T5_SPACE = "▁"  # SentencePiece's mark of a word's beginning
MAX_TOKENS = 77  # as every CLIP text encoder
_WORDS = """
a an the of on in at with and to for by from near under over front behind
background portrait photo picture drawing painting image style close up closeup view cropped bright
dark clean good cool nice rendition small large big old young happy smiling man woman person child
boy girl face head hair eyes beard hat glasses suit shirt dress astronaut space helmet orange moon
stars sky sun sea beach forest tree mountain snow rain city street park garden house room table
chair car boat horse bird fish flower fire water dog cat pet animal toy object robot knight king
queen queens superhero pirate wizard chef doctor sitting standing riding holding wearing looking
anime cartoon comic cinematic digital art fantasy neon pixel origami isometric film line low poly
photographic realistic detailed sharp soft light shadow lighting studio warm cold vivid blurry ugly
watermark text quality best high resolution depth field render
""".split()  # noqa: SIM905 - as a text it can be read


def tiny_tokenizer() -> CLIPTokenizer:
    """The tokenizer; always the same."""
    letters = _byte_letters()
    tokens = [*letters, *(f"{letter}</w>" for letter in letters)]
    known = set(tokens)
    ranks: dict[tuple[str, str], int] = {}
    for word in sorted({*_WORDS, *COLOURS, *KINDS, *STYLES}):
        # Later merges rank below earlier ones, so a word that is whole stays whole.
        parts = _merged([*word[:-1], f"{word[-1]}</w>"], ranks)
        while len(parts) > 1:
            pair = (parts[0], parts[1])
            parts[:2] = ["".join(pair)]
            ranks[pair] = len(ranks)
            if parts[0] not in known:
                known.add(parts[0])
                tokens.append(parts[0])
    tokens += ["<|startoftext|>", "<|endoftext|>"]
    vocabulary = {token: index for index, token in enumerate(tokens)}
    return CLIPTokenizer(vocab=vocabulary, merges=list(ranks), model_max_length=MAX_TOKENS)


def tiny_t5_tokenizer() -> T5Tokenizer:
    """A T5 tokenizer of the same words: whole ones are likelier than their letters (Unigram)."""
    letters = [chr(code) for code in range(33, 127)]
    words = sorted({*_WORDS, *COLOURS, *KINDS, *STYLES})
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), (_T5_SPACE, -4.0)]
    pieces += [(f"{_T5_SPACE}{word}", -2.0) for word in words]
    pieces += [(letter, -6.0) for letter in letters]
    return T5Tokenizer(vocab=pieces, extra_ids=0)


def _merged(parts: list[str], ranks: dict[tuple[str, str], int]) -> list[str]:
    """Byte-pair encoding: join the pair of the lowest rank until none is left."""
    while pairs := [pair for pair in pairwise(parts) if pair in ranks]:
        best = min(pairs, key=ranks.__getitem__)
        index = next(i for i in range(len(parts)) if (parts[i], parts[i + 1]) == best)
        parts = [*parts[:index], "".join(best), *parts[index + 2 :]]
    return parts


def _byte_letters() -> list[str]:
    """One printable character per byte, as byte-level BPE has it: printable ones are themselves."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    return [chr(byte) for byte in printable] + [chr(256 + n) for n in range(len(others))]

"""English words that prompts for pictures are made of.

A language detector needs a sentence; a prompt is a list of nouns and terms of art, half of them
French or Italian by origin ("portrait, bokeh, chiaroscuro"). What stands here is known to be
English, so that only the rest of a prompt is asked about.
"""

from __future__ import annotations

import re

_KNOWN = """
a an the of and or in on at to by with without from for as is are be was were it its his her their
my this that these those over under near through into between behind before above below beside
around against along during like no not very more most so too while who which where being having has
have one two three four five six seven eight nine ten i you he she we they me him them us your our
will would can could should do does did am get make show want if then than there here what when how
all some any each other

portrait photo photograph picture image painting drawing sketch illustration render rendering
artwork art artist style poster cover scene close closeup up shot view angle wide macro profile
headshot selfie bust full body half length face head hair eyes eye smile smiling looking standing
sitting walking running riding holding wearing dressed posing dancing flying reading playing

man woman person people lady gentleman guy girl boy king queen knight wizard warrior soldier
astronaut pirate detective chef doctor scientist hero superhero robot android dog cat puppy kitten
horse bird dragon wolf lion fox bear

light lighting lit soft hard warm cold bright dark dim dramatic cinematic natural studio golden hour
sunset sunrise sunlight sun moon moonlight night day morning evening shadow shadows glow glowing
neon backlit rim high low key contrast exposure bokeh blur blurred sharp focus depth field lens film
grain camera analog digital vintage retro modern color colour colors colours colorful colourful
black white red blue green yellow orange purple pink brown grey gray gold silver pastel vivid muted
sepia monochrome gradient background foreground backdrop texture textured pattern detail detailed
details intricate highly ultra hyper super realistic realism photorealistic hyperrealistic quality
best masterpiece resolution hd uhd hdr raw mm iso render octane unreal engine trending

cyberpunk steampunk fantasy sci fi science fiction futuristic medieval renaissance baroque rococo
gothic victorian art deco nouveau impressionist impressionism expressionist surreal surrealism
surrealist cubist cubism minimalist minimalism abstract pop anime manga cartoon comic pixel vector
watercolor watercolour oil acrylic ink pencil charcoal pastel canvas paper clay origami lowpoly poly
isometric voxel noir chiaroscuro fresco mosaic collage graffiti concept matte epic moody serene
beautiful elegant young old ancient small large big huge tiny new

city street house castle tower bridge garden forest tree trees flower flowers field mountain
mountains hill river lake sea ocean beach sand sky cloud clouds rain snow storm fog mist fire smoke
water ice stone wood metal glass window door wall room kitchen table chair bed book car train ship
boat plane space planet star stars galaxy world landscape nature park market cafe library office
stage crown hat cap scarf coat jacket suit dress shirt armor armour cape glasses helmet sword shield
guitar piano ball balloon umbrella bicycle lantern candle mirror
"""
_WORDS = frozenset(_KNOWN.split())
_WORD = re.compile(r"[^\W\d_]+")
# Keeps the vowel signs of Indian scripts, which Python counts among no word; a letter or two beside
# a digit is a unit ("35mm", "4k").
_SIGNS = r"\s\d!-/:-@\[-`{-~“”„‘’«»…–—。、，"
_REST = re.compile(rf"(?<![^{_SIGNS}])(?<!\d)[^{_SIGNS}]+|[^{_SIGNS}]{{3,}}")


def known_words(text: str) -> int:
    """How many of the words are in the vocabulary; single letters say nothing."""
    words = _WORD.findall(text.casefold())
    return sum(len(word) > 1 and word in _WORDS for word in words)


def without_known_words(text: str) -> str:
    """What is left of the text, its words with one space between; symbols are no words."""
    return " ".join(
        word
        for word in _REST.findall(text)
        if word.casefold() not in _WORDS and any(map(str.isalpha, word))
    )

"""The style presets on offer: what they add around a prompt, and what they steer away from.

A template says how a picture is made, never what is in it, so that it suits any subject.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

PROMPT_SLOT = "{prompt}"


@dataclass(frozen=True)
class StylePreset:
    """A look. `prompt` holds `{prompt}` exactly once, where the caller's own words go."""

    name: str
    description: str
    prompt: str
    negative_prompt: str


_PRESETS = (
    StylePreset(
        "3d-model",
        "A rendered computer model",
        "computer-rendered 3d model of {prompt}, physically based materials, global illumination",
        "flat drawing, sketch, noise, grain",
    ),
    StylePreset(
        "analog-film",
        "An old photograph on film",
        "analog film photo of {prompt}, 35 mm grain, faded colours, light leak, slight vignette",
        "digital look, oversharpened, drawing, render",
    ),
    StylePreset(
        "anime",
        "Japanese animation",
        "anime artwork of {prompt}, clean line work, cel shading, expressive eyes, vivid colours",
        "photo, realistic skin, 3d render, muddy colours",
    ),
    StylePreset(
        "cinematic",
        "A frame from a film",
        "cinematic still of {prompt}, anamorphic lens, shallow focus, moody colour grading",
        "flat lighting, snapshot, cartoon, drawing",
    ),
    StylePreset(
        "comic-book",
        "A printed comic",
        "comic book panel of {prompt}, bold ink outlines, halftone dots, dynamic composition",
        "photo, soft focus, 3d render, blurry lines",
    ),
    StylePreset(
        "digital-art",
        "A painting made on a tablet",
        "digital painting of {prompt}, crisp details, rich colours, dramatic light, concept art",
        "photo, low contrast, washed out",
    ),
    StylePreset(
        "enhance",
        "The same, with more detail and light",
        "{prompt}, finely detailed, balanced exposure, sharp focus, rich texture",
        "blurry, low resolution, compression artefacts, overexposed, deformed",
    ),
    StylePreset(
        "fantasy-art",
        "An illustration from a tale",
        "fantasy illustration of {prompt}, enchanted atmosphere, ornate details, glowing light",
        "modern objects, office, plain background, photo",
    ),
    StylePreset(
        "isometric",
        "A small scene seen from above, without perspective",
        "isometric view of {prompt}, tidy miniature scene, even angles, soft shadows, clean edges",
        "perspective distortion, close-up, horizon, clutter",
    ),
    StylePreset(
        "line-art",
        "A drawing of lines only",
        "line art of {prompt}, black ink on white paper, confident strokes, minimal shading",
        "colour, photo, gradients, grey wash, texture",
    ),
    StylePreset(
        "low-poly",
        "A model of few, flat faces",
        "low poly model of {prompt}, visible triangular facets, flat shading, simple palette",
        "smooth surfaces, fine texture, photo, noise",
    ),
    StylePreset(
        "modeling-compound",
        "A figure of modelling clay",
        "clay sculpture of {prompt}, hand-shaped modelling compound, finger marks, studio light",
        "drawing, glossy plastic, photo of a person, sharp edges",
    ),
    StylePreset(
        "neon-punk",
        "A night lit by neon",
        "neon punk scene of {prompt}, magenta and cyan glow, rain reflections, night city mood",
        "daylight, pastel colours, plain, rustic",
    ),
    StylePreset(
        "origami",
        "Folded paper",
        "origami of {prompt}, folded paper, crisp creases, paper texture, plain backdrop",
        "fur, skin, liquid, photo, clutter",
    ),
    StylePreset(
        "photographic",
        "A photograph of today",
        "photograph of {prompt}, natural light, 50 mm lens, true colours, lifelike texture",
        "drawing, painting, render, cartoon, plastic skin",
    ),
    StylePreset(
        "pixel-art",
        "A picture from an early video game",
        "pixel art of {prompt}, coarse square pixels, limited palette, crisp sprite edges",
        "smooth gradients, photo, antialiasing, blur",
    ),
    StylePreset(
        "tile-texture",
        "A pattern that repeats without a seam",
        "seamless tileable texture of {prompt}, even lighting, repeating pattern, flat view",
        "visible seams, perspective, border, vignette, single object",
    ),
)

PRESETS = {preset.name: preset for preset in _PRESETS}
_SPELLINGS = {"animé": "anime"}


def canonical_name(name: str) -> str:
    """The name in the list for a spelling that clients send; an unknown one comes back as it is."""
    composed = unicodedata.normalize("NFC", name)
    return _SPELLINGS.get(composed, composed)

"""The words of the world: how captions say each place, style, mood, cut and face."""

import re

PLACES = {
    "beach": ("at the beach", "on a beach"),
    "forest": ("in a forest", "in the forest"),
    "city": ("in a city", "in the city", "in front of a city skyline"),
    "mountains": ("in the mountains", "in front of mountains"),
    "night sky": ("under a night sky", "under the stars at night"),
    "snow": ("in the snow", "in a snowy landscape"),
}
STYLES = {
    "flat": (
        ("a portrait of", "a picture of", "an illustration of", "a drawing of", ""),
        ("", "flat illustration"),
    ),
    "pencil": (("a pencil drawing of", "a pencil sketch of"), ("pencil drawing", "pencil sketch")),
    "pixel": (("pixel art of", "a pixel art portrait of"), ("pixel art",)),
    "neon": (("a neon portrait of", "neon art of"), ("neon style", "neon glow")),
    "watercolour": (
        ("a watercolour painting of", "a watercolor of"),
        ("watercolour painting", "watercolor"),
    ),
}
MOODS = {
    "calm": ("calm", "with a calm face", "looking calm"),
    "smiling": ("smiling", "with a smile", "looking happy"),
    "laughing": ("laughing", "with a big laugh", "laughing out loud"),
    "sad": ("sad", "with a sad face", "looking sad"),
    "surprised": ("surprised", "with a surprised face", "looking surprised"),
    "angry": ("angry", "with an angry face", "looking angry"),
    "winking": ("winking", "with a wink", "winking with one eye"),
}
CUTS = {
    "curly": ("curly {} hair", "{} curly hair", "{} curls"),
    "short": ("short {} hair", "{} short hair"),
    "long": ("long {} hair", "{} long hair"),
    "spiky": ("spiky {} hair", "{} spiky hair"),
    "afro": ("a {} afro",),
    "bob": ("a {} bob", "{} hair in a bob"),
    "bun": ("a {} bun", "{} hair in a bun"),
    "pigtails": ("{} pigtails", "{} hair in pigtails"),
    "mohawk": ("a {} mohawk",),
}
_WITHOUT_MEANING = """
digital look, oversharpened, drawing, render, photo, realistic skin, muddy colours, flat lighting,
snapshot, cartoon, soft focus, blurry lines, low contrast, washed out, blurry, low resolution,
compression artefacts, overexposed, deformed, modern objects, office, plain background, clutter,
perspective distortion, horizon, gradients, grey wash, texture, smooth surfaces, fine texture,
noise, glossy plastic, photo of a person, sharp edges, daylight, pastel colours, plain, rustic,
fur, skin, liquid, painting, plastic skin, smooth gradients, antialiasing, blur, visible seams,
perspective, border, vignette, single object, ugly, bad anatomy, extra fingers, watermark, text,
worst quality, low quality, cropped, jpeg artifacts, signature
"""
"""What prompts and negative prompts often hold and these pictures never show."""

FILLERS = (
    "high quality",
    "best quality",
    "highly detailed",
    "beautiful",
    "masterpiece",
    "sharp",
    "vivid",
    "digital art",
    "cinematic",
    "cute",
    "photographic",
    "artwork",
    "bright",
    *re.split(r",\s+", _WITHOUT_MEANING.strip()),
)
LOOKS = {
    "flat": (
        (
            "3d render of", "computer rendered model of", "analog film photo of",
            "anime artwork of", "cinematic still of",
            "comic book panel of", "digital painting of", "isometric view of",
            "low poly model of", "clay sculpture of", "origami of", "photograph of", "photo of",
            "seamless tileable texture of", "",
        ),
        (
            "global illumination", "natural light", "50 mm lens", "true colours",
            "lifelike texture", "clean line work",
            "cel shading", "expressive eyes", "vivid colours", "35 mm grain", "faded colours",
            "light leak", "slight vignette", "anamorphic lens", "shallow focus",
            "moody colour grading", "bold ink outlines", "halftone dots", "dynamic composition",
            "crisp details", "rich colours", "dramatic light", "concept art", "finely detailed",
            "balanced exposure", "sharp focus", "rich texture", "tidy miniature scene",
            "even angles", "soft shadows", "clean edges", "visible triangular facets",
            "flat shading", "simple palette", "hand-shaped modelling compound", "finger marks",
            "studio light", "folded paper", "crisp creases", "paper texture", "plain backdrop",
            "even lighting", "repeating pattern", "flat view", "smooth materials",
            "physically based shading", "soft studio lighting", "volumetric depth",
        ),
    ),
    "pencil": (
        ("line art of", "a pencil drawing of", "an ink drawing of"),
        ("black ink on white paper", "confident strokes", "minimal shading", "hatching"),
    ),
    "pixel": (
        ("pixel art of", "a sprite of"),
        ("coarse square pixels", "limited palette", "crisp sprite edges"),
    ),
    "neon": (
        ("neon punk scene of", "neon art of"),
        ("magenta and cyan glow", "rain reflections", "night city mood", "neon lights"),
    ),
    "watercolour": (
        ("fantasy illustration of", "a watercolour painting of"),
        ("enchanted atmosphere", "ornate details", "glowing light", "soft washes"),
    ),
}  # fmt: skip
"""Openings and phrases as style presets word them, by the style that they stand for here."""
FACES = {
    "oval": "an oval face",
    "round": "a round face",
    "long": "a long face",
    "square": "a square face",
    "heart": "a heart shaped face",
}

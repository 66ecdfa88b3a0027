"""The words of the world: how captions say each place, style, mood, cut and face."""

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
)
FACES = {
    "oval": "an oval face",
    "round": "a round face",
    "long": "a long face",
    "square": "a square face",
    "heart": "a heart shaped face",
}

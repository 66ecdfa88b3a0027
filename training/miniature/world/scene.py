"""What changes between pictures of one subject: mood, clothes, place, camera, light, style."""

import random
from dataclasses import dataclass

from training.miniature.world.palette import BACKDROP, CLOTH

EXPRESSIONS = ("calm", "smiling", "laughing", "sad", "surprised", "angry", "winking")
GLASSES = ("none", "glasses", "sunglasses")
HATS = ("none", "cap", "top hat", "beanie", "straw hat", "crown")
CLOTHES = ("t-shirt", "hoodie", "suit", "striped sweater", "turtleneck", "overalls")
PLACES = ("beach", "forest", "city", "mountains", "night sky", "snow")
STYLES = ("flat", "pencil", "pixel", "neon", "watercolour")
LIGHTS = ("even", "warm", "cool", "dim")


@dataclass(frozen=True)
class Camera:
    """`zoom` 1 shows head and shoulders; shifts in head units; angles in radians; `yaw` −1 to 1."""

    zoom: float = 1.0
    shift_x: float = 0.0
    shift_y: float = 0.0
    tilt: float = 0.0
    yaw: float = 0.0
    mirror: bool = False


@dataclass(frozen=True)
class Scene:
    """All of a picture but the subject. Colours are names; `seed` fixes the small details."""

    expression: str = "smiling"
    glasses: str = "none"
    hat: str = "none"
    hat_colour: str = "red"
    clothes: str = "t-shirt"
    clothes_colour: str = "blue"
    place: str = "plain"
    backdrop: str = "white"
    style: str = "flat"
    light: str = "even"
    light_from: float = 1.0
    camera: Camera = Camera()
    seed: int = 0


def random_camera(rng: random.Random, *, handheld: bool = True) -> Camera:
    """Mostly head and shoulders, at times close up or from further away.

    A camera on a stand moves a third as much as one that is held, and is seldom moved closer.
    """
    sway = 1.0 if handheld else 0.35
    shares = (70, 18, 12) if handheld else (90, 6, 4)
    return Camera(
        zoom=rng.choices((1.0, 1.28, 0.82), shares)[0] * (1 + sway * rng.uniform(-0.06, 0.06)),
        shift_x=rng.gauss(0, 0.1) * sway,
        shift_y=rng.gauss(0, 0.05) * sway,
        tilt=rng.gauss(0, 0.09) * sway,
        yaw=max(-1.0, min(1.0, rng.gauss(0, 0.45))) * (1.0 if handheld else 0.7),
        mirror=False,
    )


def random_scene(rng: random.Random, style: str | None = None, *, handheld: bool = True) -> Scene:
    """A scene with every part drawn independently; `style` is one of STYLES or drawn."""
    return Scene(
        expression=rng.choices(EXPRESSIONS, (3, 5, 3, 2, 2, 2, 2))[0],
        glasses=rng.choices(GLASSES, (62, 20, 18))[0],
        hat=rng.choices(HATS, (60, 8, 8, 8, 8, 8))[0],
        hat_colour=rng.choice(tuple(CLOTH)),
        clothes=rng.choice(CLOTHES),
        clothes_colour=rng.choice(tuple(CLOTH)),
        place="plain" if rng.random() < 0.62 else rng.choice(PLACES),
        backdrop=rng.choice(tuple(BACKDROP)),
        style=style or rng.choices(STYLES, (60, 10, 10, 10, 10))[0],
        light=rng.choices(LIGHTS, (70, 10, 10, 10))[0],
        light_from=float(rng.choice((-1, 1))),
        camera=random_camera(rng, handheld=handheld),
        seed=rng.getrandbits(31),
    )

"""Hats, measured by the head that wears them."""

from dataclasses import dataclass

from training.miniature.world.palette import CLOTH, RGB, darker, lighter, luminance
from training.miniature.world.pen import Pen, box, ellipse, points, smooth
from training.miniature.world.scene import Scene
from training.miniature.world.wear import Fit

_STRAW: RGB = (240, 202, 120)
_GOLD: RGB = (250, 200, 60)


@dataclass(frozen=True)
class _Measure:
    """Half width of the hat, heights of the skull's top and of the hat's rim, colours."""

    w: float
    top: float
    rim: float
    side: int
    cloth: RGB
    shade: RGB


def draw_hat(pen: Pen, scene: Scene, fit: Fit) -> None:
    """The hat, over hair and forehead."""
    if scene.hat == "none":
        return
    cloth = CLOTH[scene.hat_colour]
    shade = darker(cloth, 0.3) if luminance(cloth) > 0.25 else lighter(cloth, 0.28)
    side = 1 if fit.shift >= 0 else -1
    measure = _Measure(fit.width + 0.12, fit.top, fit.top + 0.46, side, cloth, shade)
    {
        "cap": _cap,
        "top hat": _top_hat,
        "beanie": _beanie,
        "straw hat": _straw_hat,
        "crown": _crown,
    }[scene.hat](pen, measure)


def _dome(pen: Pen, m: _Measure, shoulder: float, peak: float) -> None:
    w, bend = m.w, (m.w * shoulder, m.top - 0.01)
    pen.fill(smooth([(-w, m.rim), (-bend[0], bend[1]), (0, peak), bend, (w, m.rim)]), m.cloth)


def _cap(pen: Pen, m: _Measure) -> None:
    _dome(pen, m, 0.9, m.top - 0.26)
    reach = m.w * m.side
    peak = [
        (-reach * 0.7, m.rim - 0.06),
        (reach * 0.9, m.rim - 0.1),
        (reach * 1.55, m.rim + 0.1),
        (reach * 0.8, m.rim + 0.14),
        (-reach * 0.5, m.rim + 0.06),
    ]
    pen.fill(smooth(peak), m.shade)
    pen.disc(0, m.top - 0.24, 0.08, m.shade)


def _top_hat(pen: Pen, m: _Measure) -> None:
    w, high = m.w, m.top - 0.72
    tube = points((-w * 0.72, m.rim), (-w * 0.8, high), (w * 0.8, high), (w * 0.72, m.rim))
    pen.fill(tube, m.cloth)
    pen.fill(ellipse(0, high, w * 0.8, 0.09), lighter(m.cloth, 0.16))
    pen.fill(box(-w * 0.745, m.rim - 0.34, w * 0.745, m.rim - 0.12), m.shade)
    pen.fill(ellipse(0, m.rim - 0.04, w * 1.4, 0.15), m.cloth)


def _beanie(pen: Pen, m: _Measure) -> None:
    pen.disc(0, m.top - 0.36, 0.2, lighter(m.cloth, 0.5))
    _dome(pen, m, 0.88, m.top - 0.3)
    pen.fill(box(-m.w * 1.04, m.rim - 0.16, m.w * 1.04, m.rim + 0.12), m.shade)


def _straw_hat(pen: Pen, m: _Measure) -> None:
    w = m.w
    pen.fill(ellipse(0, m.rim - 0.02, w * 1.62, 0.21), darker(_STRAW, 0.14))
    half = [(w * 0.7, m.top - 0.1), (w * 0.82, m.rim - 0.06)]
    left = [(-x, y) for x, y in reversed(half)]
    pen.fill(smooth([*left, (0, m.top - 0.26), *half]), _STRAW)
    pen.fill(box(-w * 0.83, m.rim - 0.26, w * 0.83, m.rim - 0.08), m.cloth)


def _crown(pen: Pen, m: _Measure) -> None:
    w, spike, dip = m.w, m.top - 0.3, m.top + 0.02
    half = [(w * 0.45, dip), (w * 0.95, spike), (w * 0.82, m.rim)]
    left = [(-x, y) for x, y in reversed(half)]
    pen.fill(points(*left, (0, m.top - 0.42), *half), _GOLD)
    pen.fill(box(-w * 0.83, m.rim - 0.12, w * 0.83, m.rim + 0.04), darker(_GOLD, 0.16))
    for x in (-0.45, 0.0, 0.45):
        pen.disc(x * w, m.rim - 0.05, 0.09, m.cloth)

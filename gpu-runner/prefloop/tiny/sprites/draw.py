"""Creatures drawn by a program: 32×32 RGB, four samples a pixel each way. The same creature is the same picture."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from prefloop.tiny.sprites.attributes import Creature, every_creature

SIZE, SAMPLES = 32, 4
Image = NDArray[np.uint8]  # [32, 32, 3]
Mask = NDArray[np.bool_]  # [128, 128]

SKY = (214, 230, 242)
GROUNDS = {
    "grass": (98, 158, 74),
    "sand": (222, 190, 120),
    "snow": (250, 250, 252),
    "water": (60, 110, 190),
    "stone": (120, 120, 124),
}
PALETTES = {
    "red": (208, 52, 52),
    "orange": (240, 138, 36),
    "yellow": (244, 212, 60),
    "green": (60, 170, 96),
    "blue": (66, 120, 226),
    "purple": (146, 78, 190),
}
INK, WHITE, GOLD, PINK, NAVY = (24, 24, 32), (255, 255, 255), (232, 180, 30), (240, 120, 170), (38, 52, 104)
HORIZON, FEET, MIDDLE = 24.0, 28.0, 16.0

_AT = (np.arange(SIZE * SAMPLES) + 0.5) / SAMPLES
X, Y = np.meshgrid(_AT, _AT)


def draw(creature: Creature) -> Image:
    """Pixels run down and then right, from 0 to 255."""
    radius = {"small": 6.0, "large": 9.0}[creature["size"]]
    middle = FEET - radius
    canvas = np.empty((*X.shape, 3), np.uint8)
    canvas[:] = SKY
    canvas[HORIZON <= Y] = GROUNDS[creature["ground"]]
    body = _body(creature["shape"], middle, radius)
    canvas[_body(creature["shape"], middle, radius + 0.7)] = INK  # the outline
    canvas[body] = PALETTES[creature["palette"]]
    for mask, colour in (*_eyes(creature["eyes"], middle), *_hat(creature["hat"], middle - radius)):
        canvas[mask] = colour
    sums = canvas.reshape(SIZE, SAMPLES, SIZE, SAMPLES, 3).sum((1, 3), dtype=np.uint16)
    return ((sums + SAMPLES**2 // 2) // SAMPLES**2).astype(np.uint8)


@cache
def every_drawing() -> Image:
    """[6000, 32, 32, 3] in the order of `every_creature`. Not to be written to."""
    drawings = np.stack([draw(creature) for creature in every_creature()])
    drawings.setflags(write=False)
    return drawings


@cache
def _body(shape: str, middle: float, r: float) -> Mask:
    x, y = np.abs(X - MIDDLE), Y - middle
    if shape == "round":
        return x**2 + y**2 < r**2
    if shape == "square":
        return (x < 0.86 * r) & (np.abs(y) < r)
    if shape == "triangular":
        return (y < r) & (x < (y + r) * 0.55)
    if shape == "pointed":
        return x + np.abs(y) < 1.1 * r
    angle = np.arctan2(X - MIDDLE, -y)
    return np.hypot(x, y) < r * (0.74 + 0.34 * np.cos(5 * angle))


def _disc(x: float, y: float, r: float) -> Mask:
    return (X - x) ** 2 + (Y - y) ** 2 < r**2


def _box(left: float, right: float, top: float, bottom: float) -> Mask:
    return (left <= X) & (right > X) & (top <= Y) & (bottom > Y)


Parts = list[tuple[Mask, tuple[int, int, int]]]


@cache
def _eyes(eyes: str, y: float) -> Parts:
    if eyes == "closed eyes":
        return [
            (_box(MIDDLE + side - 1.5, MIDDLE + side + 1.5, y - 0.5, y + 0.5), INK) for side in (-2.5, 2.5)
        ]
    places = {"one eye": [(0.0, 2.6)], "two eyes": [(-2.2, 1.7), (2.2, 1.7)]}
    found: Parts = []
    for side, r in places.get(eyes, [(-3.2, 1.3), (0.0, 1.3), (3.2, 1.3)]):
        found += [(_disc(MIDDLE + side, y, r), WHITE), (_disc(MIDDLE + side, y, r * 0.5), INK)]
    return found


@cache
def _hat(hat: str, top: float) -> Parts:
    """top: where the body begins."""
    if hat == "a cap":
        return [
            (_disc(MIDDLE, top + 1.5, 4.2) & (top + 1.5 > Y), NAVY),
            (_box(12, 23, top + 0.8, top + 2), NAVY),
        ]
    if hat == "a crown":
        spikes = top - 2.5 + 1.6 * np.abs((X - MIDDLE + 1.5) % 3 - 1.5)
        return [((np.abs(X - MIDDLE) < 4.5) & (spikes < Y) & (top + 1.6 > Y), GOLD)]
    if hat == "a top hat":
        return [(_box(12.8, 19.2, top - 4.5, top + 1), INK), (_box(10.5, 21.5, top, top + 1.4), INK)]
    if hat == "a flower":
        petals = [
            (_disc(MIDDLE + dx, top - 0.5 + dy, 1.5), PINK)
            for dx, dy in ((-1.8, 0), (1.8, 0), (0, -1.8), (0, 1.8))
        ]
        return [*petals, (_disc(MIDDLE, top - 0.5, 1.2), GOLD)]
    return []

"""What a creature of the image world is made of, and how a caption says it.

A caption names some attributes and leaves the others open: what is left open is what taste can be about.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from itertools import product

ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "size": ("small", "large"),
    "palette": ("red", "orange", "yellow", "green", "blue", "purple"),
    "shape": ("round", "square", "triangular", "pointed", "starry"),
    "eyes": ("one eye", "two eyes", "three eyes", "closed eyes"),
    "hat": ("no hat", "a cap", "a crown", "a top hat", "a flower"),
    "ground": ("grass", "sand", "snow", "water", "stone"),
}
# A creature in full: {attribute: value}. In a caption some are missing.
Creature = Mapping[str, str]
_BEFORE, _WITH = ("size", "palette", "shape"), ("eyes", "hat")


def every_creature() -> list[dict[str, str]]:
    """All 6,000, in one order for good."""
    return [dict(zip(ATTRIBUTES, values, strict=True)) for values in product(*ATTRIBUTES.values())]


def sample_creature(rng: random.Random, known: Creature | None = None) -> dict[str, str]:
    """What is not known is drawn evenly."""
    return {name: (known or {}).get(name) or rng.choice(values) for name, values in ATTRIBUTES.items()}


def sample_known(rng: random.Random, fewest: int = 1, most: int = 4) -> dict[str, str]:
    """What a caption names: so many of a creature's attributes."""
    creature = sample_creature(rng)
    named = rng.sample(sorted(ATTRIBUTES), rng.randint(fewest, most))
    return {name: creature[name] for name in ATTRIBUTES if name in named}


def caption_of(known: Creature) -> str:
    """`a small red creature with two eyes and no hat, on grass`; nothing is said of what is missing."""
    words = [known[name] for name in _BEFORE if name in known]
    article = "an" if words and words[0][0] in "aeiou" else "a"
    caption = " ".join([article, *words, "creature"])
    if having := [known[name] for name in _WITH if name in known]:
        caption += f" with {' and '.join(having)}"
    return caption + (f", on {known['ground']}" if "ground" in known else "")


_CAPTION = re.compile(
    r"an? (?P<before>(?:\w+ )*)creature(?: with (?P<having>[\w ]+?))?(?:, on (?P<ground>\w+))?"
)


def read_caption(caption: str) -> dict[str, str] | None:
    """The attributes that a caption names; None for one that `caption_of` would not write."""
    found = _CAPTION.fullmatch(caption)
    if found is None:
        return None
    said = [*found["before"].split(), *(found["having"] or "").split(" and "), found["ground"] or ""]
    known = {name: value for name, values in ATTRIBUTES.items() for value in values if value in said}
    return known if caption_of(known) == caption else None

"""What draws the pictures of a Syn-Pic: a base, perhaps an adapter of it, and how it samples.

SOURCE[+ADAPTER][@steps=N,guidance=G]      SOURCE: tiny-diffusion, a diffusers folder or a hub id
                                           ADAPTER: a folder with a LoRA file of diffusers
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from prefloop.adapters.lora import Adapter
from prefloop.base import ImageBase
from prefloop.image.files import WEIGHTS, read_lora
from prefloop.image.sample import GUIDANCE, STEPS, sample_pictures

_NUMBER = r"\d+(?:\.\d+)?"
_SETTINGS = re.compile(rf"(.+)@((?:steps|guidance)={_NUMBER}(?:,(?:steps|guidance)={_NUMBER})?)")


@dataclass(frozen=True)
class GeneratorName:
    """A generator as it was named."""

    name: str
    source: str
    adapter: Path | None
    steps: int
    guidance: float


@dataclass(frozen=True)
class Generator:
    """identity: hash of the weights that draw."""

    named: GeneratorName
    base: ImageBase
    adapter: Adapter | None
    identity: str

    def draw(self, prompts: Sequence[str], seeds: Sequence[int]) -> NDArray[np.uint8]:
        """(B, H, W, 3), one to each prompt. Raises ValueError where what is drawn is not finite."""
        try:
            return sample_pictures(
                self.base.model,
                prompts,
                seeds,
                self.named.steps,
                self.named.guidance,
                [self.adapter] * len(prompts),
            )
        except ValueError as error:
            raise ValueError(f"generator {self.named.name}: {error}") from error


def parse_generator(text: str) -> GeneratorName:
    """Raises ValueError for settings of another form, and for steps or guidance that nothing could be drawn with."""
    source, said = text, {}
    if found := _SETTINGS.fullmatch(text):
        source = found[1]
        parts = [part.split("=") for part in found[2].split(",")]
        said = dict(parts)
        if len(said) < len(parts):
            raise ValueError(f"generator {text}: says {parts[0][0]} twice")
    elif "@" in text and not Path(text).is_dir():
        raise ValueError(f"generator {text}: after @ only steps=N and guidance=G are known")
    adapter = None
    # a folder may have a plus in its name
    if "+" in source and not Path(source).is_dir():
        source, _, folder = source.partition("+")
        adapter = Path(folder)
    steps, guidance = said.get("steps", str(STEPS)), float(said.get("guidance", GUIDANCE))
    if not steps.isdigit() or not 1 <= int(steps) <= 1000:
        raise ValueError(f"generator {text}: steps is a whole number from 1 to 1000")
    if guidance > 50:
        raise ValueError(f"generator {text}: guidance is at most 50")
    return GeneratorName(text, source, adapter, int(steps), guidance)


def load_generators(names: Sequence[GeneratorName], load: Callable[[str], ImageBase]) -> list[Generator]:
    """Generators of one source share its base. Raises ValueError, by name, for a source or an adapter that cannot be loaded."""
    bases: dict[str, ImageBase] = {}
    found = []
    for one in names:
        base = bases[one.source] = bases.get(one.source) or load(one.source)
        adapter, identity = None, base.fingerprint
        if one.adapter is not None:
            content = _read_weights(one)
            identity += f"+{hashlib.sha256(content).hexdigest()}"
            try:
                adapter = read_lora({WEIGHTS: content}, base.model).freeze()
            except ValueError as error:
                raise ValueError(f"generator {one.name}: {error}") from error
        found.append(Generator(one, base, adapter, identity))
    return found


def _read_weights(one: GeneratorName) -> bytes:
    assert one.adapter is not None
    try:
        return (one.adapter / WEIGHTS).read_bytes()
    except OSError as error:
        raise ValueError(f"generator {one.name}: {one.adapter} has no {WEIGHTS}") from error

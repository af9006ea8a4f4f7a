"""What scores the pictures of a Syn-Pic: an oracle of the built-in world, a Python function, or a server.

[NAME=]tiny:ORACLE | [NAME=]MODULE:FUNCTION | [NAME=]http://…
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
from PIL import Image

from prefloop.judges.function import load_function, names_function
from prefloop.judges.judge import JudgeFailed
from prefloop.syn_pic.http_reward import HttpReward
from prefloop.tiny.sprites.attributes import read_caption
from prefloop.tiny.sprites.reader import follows, read_images
from prefloop.tiny.sprites.tastes import ASKED_FOR, REWARDS

# (prompts, a picture to each) → a number to each, more is better
Score = Callable[[list[str], list[Image.Image]], Sequence[float]]
# What one wrong attribute costs: an oracle weighs two axes, so its length as a taste is √2.
WRONG = ASKED_FOR * math.sqrt(2)
_NAME = re.compile(r"([A-Za-z][\w.-]*)=(.+)")


@dataclass(frozen=True)
class Reward:
    name: str
    score: Score

    def of(self, prompts: Sequence[str], pictures: Sequence[Image.Image]) -> list[float]:
        """One number a picture. Raises ValueError, by the reward's name, where it fails, or says anything else than that."""
        try:
            said: Any = self.score(list(prompts), list(pictures))
        except JudgeFailed as error:
            raise ValueError(f"reward {self.name}: {error}") from error
        except Exception as error:
            raise ValueError(f"reward {self.name} failed: {type(error).__name__}: {error}") from error
        values = said.tolist() if hasattr(said, "tolist") else said
        if not isinstance(values, list | tuple) or len(values) != len(pictures):
            count = f"{len(values)} numbers" if isinstance(values, list | tuple) else type(values).__name__
            raise ValueError(f"reward {self.name} says {count} of {len(pictures)} pictures")
        for value in values:
            if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
                raise ValueError(f"reward {self.name} says {value!r}, which is no finite number")
        return [float(value) for value in values]


def load_rewards(texts: Sequence[str], timeout: float) -> list[Reward]:
    """timeout: seconds that a server may take. Raises ValueError for what is no reward, and for two of one name."""
    found = [load_reward(text, timeout) for text in texts]
    names = [reward.name for reward in found]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"reward {twice[0]} is named twice: NAME=… tells them apart")
    return found


def load_reward(text: str, timeout: float) -> Reward:
    found = _NAME.fullmatch(text)
    name, source = (found[1], found[2]) if found else (text, text)
    if source.startswith("tiny:"):
        return Reward(name, tiny_reward(source.removeprefix("tiny:")))
    if source.startswith(("http://", "https://")):
        return Reward(name, HttpReward(source, timeout).score)
    if not names_function(source):
        raise ValueError(f"reward {text}: is neither tiny:NAME nor module:function nor http://…")
    return Reward(name, load_function(source, f"reward {source}"))


def tiny_reward(oracle: str) -> Score:
    """Of the creature that a picture shows; what the caption asks for and is not there costs more than any taste is worth."""
    if (reward := REWARDS.get(oracle)) is None:
        raise ValueError(f"reward tiny:{oracle}: the oracles are {', '.join(REWARDS)}")

    def score(prompts: list[str], pictures: list[Image.Image]) -> list[float]:
        readings = read_images(np.stack([np.asarray(picture.convert("RGB")) for picture in pictures]))
        values = []
        for prompt, reading in zip(prompts, readings, strict=True):
            asked = read_caption(prompt) or {}
            wrong = len(asked) * (1 - follows(asked, reading.creature))
            values.append(reward.weigh(reading.creature) - WRONG * wrong)
        return values

    return score

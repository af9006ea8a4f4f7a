"""How much a person likes answers, and which answers are sound at all: what a mixture is tried on.

tiny | MODULE:FUNCTION
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

from prefloop.judges.function import load_function, names_function
from prefloop.tiny.personas import UNPARSED, score
from prefloop.tiny.world import read_prompt

# (userKey, prompts, an answer to each) → a number to each, more is better; None for an answer that is not sound
Score = Callable[[str, list[str], list[str]], Sequence[float | None]]


@dataclass(frozen=True)
class Liking:
    name: str
    score: Score

    def of(self, user: str, prompts: Sequence[str], answers: Sequence[str]) -> list[float | None]:
        """One an answer. Raises ValueError where the judge fails, or says anything else."""
        try:
            said: Any = self.score(user, list(prompts), list(answers))
        except Exception as error:
            raise ValueError(f"judge {self.name} failed: {type(error).__name__}: {error}") from error
        values = said.tolist() if hasattr(said, "tolist") else said
        if not isinstance(values, list | tuple) or len(values) != len(answers):
            raise ValueError(f"judge {self.name} must say one number for each of {len(answers)} answers")
        for value in values:
            if value is not None and not (isinstance(value, Real) and math.isfinite(value)):
                raise ValueError(f"judge {self.name} says {value!r}, which is no finite number")
        return [None if value is None else float(value) for value in values]


def load_liking(text: str) -> Liking:
    """Raises ValueError for what is no judge."""
    if text == "tiny":
        return Liking(text, tiny_persona)
    if not names_function(text):
        raise ValueError(f"judge {text}: is neither tiny nor module:function")
    return Liking(text, load_function(text, f"judge {text}"))


def tiny_persona(user: str, prompts: list[str], answers: list[str]) -> list[float | None]:
    """Of a persona of the built-in world, which a userKey names before its first "/": warm/1. Sound is what is in its grammar."""
    persona = user.split("/")[0]
    found = [score(persona, read_prompt(prompt), text) for prompt, text in zip(prompts, answers, strict=True)]
    return [None if one == UNPARSED else one for one in found]

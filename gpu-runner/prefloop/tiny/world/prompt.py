"""The shared types of the tiny world: a prompt, what a judge says of an answer, and the fixed split."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Split = Literal["train", "held_out"]
SPLITS: tuple[Split, ...] = ("train", "held_out")
HELD_OUT_ONE_IN = 5


def split_of(identity: str) -> Split:
    """The split an identity belongs to: fixed by its hash, about one in five is held out."""
    digest = hashlib.blake2b(identity.encode(), digest_size=8).digest()
    return "held_out" if int.from_bytes(digest, "big") % HELD_OUT_ONE_IN == 0 else "train"


@dataclass(frozen=True)
class Prompt:
    """One user message. `facts` is what a judge needs to know of it, and can be read back from `text` alone.

    `identity` is what the prompt asks, without its phrasing: the unit of the split.
    """

    kind: str
    text: str
    identity: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def split(self) -> Split:
        return split_of(self.identity)

    @property
    def messages(self) -> list[dict[str, str]]:
        """The prompt as chat messages."""
        return [{"role": "user", "content": self.text}]


@dataclass(frozen=True)
class Verdict:
    """What a judge says of one answer: `flaws` by name, and a `score` in [0, 1], 1 for a flawless answer.

    An answer outside the grammar has `parsed` False, every flaw its prompt could have, and score 0.
    """

    parsed: bool
    flaws: Mapping[str, bool]
    score: float

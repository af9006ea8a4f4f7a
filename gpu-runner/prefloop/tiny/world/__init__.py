"""The tiny world: five kinds of prompts and answers, each with a judge that knows the truth.

Every kind is a module with `sample_prompt(rng)`, `sample_answer(rng, prompt, flawed=None)`, `read_prompt(text)`,
`parse(prompt, answer)`, `judge(prompt, answer)` and its `FLAWS`.
"""

from __future__ import annotations

import random
from types import ModuleType

from prefloop.tiny.world import refusals, replies, rewrites, scenes, sums
from prefloop.tiny.world.prompt import SPLITS, Prompt, Split, Verdict, split_of

KINDS: dict[str, ModuleType] = {module.KIND: module for module in (replies, sums, scenes, refusals, rewrites)}
_MAX_TRIES_EACH = 200


def sample_prompts(kind: str, n: int, seed: int | str, split: Split | None = None) -> list[Prompt]:
    """`n` prompts with different texts, of one split or of both.

    Errors: ValueError for an unknown kind or split, and where the world does not hold `n` different ones.
    """
    if kind not in KINDS:
        raise ValueError(f"unknown kind {kind!r}: one of {', '.join(KINDS)}")
    if split is not None and split not in SPLITS:
        raise ValueError(f"unknown split {split!r}: one of {', '.join(SPLITS)}")
    rng = random.Random(f"{kind}:{seed}")
    found: dict[str, Prompt] = {}
    for _ in range(n * _MAX_TRIES_EACH):
        if len(found) == n:
            break
        prompt = KINDS[kind].sample_prompt(rng)
        if split is None or prompt.split == split:
            found.setdefault(prompt.text, prompt)
    if len(found) < n:
        raise ValueError(f"the world holds fewer than {n} different prompts of {kind} in split {split}")
    return list(found.values())


def read_prompt(text: str) -> Prompt:
    """The prompt behind a user's message. What no other kind claims is a message to the help desk."""
    for module in (rewrites, sums, scenes, refusals):
        if prompt := module.read_prompt(text):
            return prompt
    return replies.read_prompt(text)


__all__ = ["KINDS", "SPLITS", "Prompt", "Split", "Verdict", "read_prompt", "sample_prompts", "split_of"]

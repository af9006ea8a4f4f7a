"""The conversations the tiny LM learns from: seeded, endless, of the training split only."""

from __future__ import annotations

import random
from collections.abc import Iterator

from prefloop.tiny.world import KINDS, Prompt, replies

Message = dict[str, str]
# How often each kind is met: replies have the most to say, sums are soon learned.
SHARES = {"replies": 0.4, "sums": 0.1, "scenes": 0.22, "refusals": 0.1, "rewrites": 0.18}
FREE_PROMPT_SHARE = 0.1
SYSTEM_SHARE = 0.12
NEXT_TURN_SHARE = 0.12
SYSTEM_MESSAGES = (
    "You are a helpful assistant.",
    "You answer for the help desk of a small shop.",
    "You are the town's helper. Follow the rules of the town.",
    "Answer the user.",
)


def sample_training_prompt(rng: random.Random) -> Prompt:
    """A prompt of any kind from the training split."""
    kind = rng.choices(tuple(SHARES), weights=tuple(SHARES.values()))[0]
    if kind == replies.KIND and rng.random() < FREE_PROMPT_SHARE:
        return replies.sample_free_prompt(rng)
    while (prompt := KINDS[kind].sample_prompt(rng)).split != "train":
        pass
    return prompt


def sample_conversation(rng: random.Random, next_turn_share: float = NEXT_TURN_SHARE) -> list[Message]:
    """One or more turns (another one with chance `next_turn_share`), now and then after a system message."""
    messages: list[Message] = []
    if rng.random() < SYSTEM_SHARE:
        messages.append({"role": "system", "content": rng.choice(SYSTEM_MESSAGES)})
    while True:
        prompt = sample_training_prompt(rng)
        answer = KINDS[prompt.kind].sample_answer(rng, prompt)
        messages += [*prompt.messages, {"role": "assistant", "content": answer}]
        if rng.random() >= next_turn_share:
            return messages


def conversations(seed: int | str, next_turn_share: float = NEXT_TURN_SHARE) -> Iterator[list[Message]]:
    """Conversations without end; the same seed gives the same ones."""
    rng = random.Random(f"corpus:{seed}")
    while True:
        yield sample_conversation(rng, next_turn_share)

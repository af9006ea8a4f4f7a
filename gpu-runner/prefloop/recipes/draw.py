"""Answers that a recipe lets the model write, as token ids and as texts."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from prefloop.adapters.lora import Adapter
from prefloop.adapters.mixture import Mixture
from prefloop.base import Base
from prefloop.text.completion import Request
from prefloop.text.decode import Decoder

SLOTS = 48


class Sampling(Protocol):
    """What is asked of a draw: fields of a recipe."""

    @property
    def temperature(self) -> float: ...
    @property
    def top_p(self) -> float: ...
    @property
    def max_tokens(self) -> int: ...


@dataclass(frozen=True)
class Drawn:
    """One answer. ids: the end token included, unless it was cut at the limit (`ended` False). text: without it."""

    ids: tuple[int, ...]
    text: str
    ended: bool


def draw_answers(
    base: Base,
    prompts: Sequence[tuple[int, ...]],
    adapter: Adapter | Mixture | None | Sequence[Adapter | Mixture | None],
    each: int,
    sampling: Sampling,
    seed: str,
) -> list[list[Drawn]]:
    """`each` answers to every prompt, in order. adapter: of all prompts, or one for each. The same seed, prompts and
    weights give the same answers: an answer depends on its prompt and number alone, not on its company.

    A prompt that leaves no room in the model's context gets none. Raises ValueError where the model's output is not
    finite.
    """
    context = base.trunk.context
    fits = [len(prompt) < context for prompt in prompts]
    longest = max((len(prompt) for prompt, fit in zip(prompts, fits, strict=True) if fit), default=0)
    if not longest:
        return [[] for _ in prompts]
    adapters = adapter if isinstance(adapter, Sequence) else [adapter] * len(prompts)
    slots = max(SLOTS, each)
    decoder = Decoder(base.trunk, base.encoder.end_ids, slots, min(context, longest + sampling.max_tokens))
    asked = [
        decoder.submit(
            Request(
                prompt,
                min(sampling.max_tokens, decoder.context - len(prompt)),
                mixed,
                n=each,
                seed=_seed(seed, prompt),
                temperature=sampling.temperature,
                top_p=sampling.top_p,
            )
        )
        if fit
        else []
        for prompt, mixed, fit in zip(prompts, adapters, fits, strict=True)
    ]
    while not decoder.idle:
        decoder.step()
    if any(completion.finish_reason == "error" for group in asked for completion in group):
        raise ValueError("an answer could not be drawn: the model's output is not finite")
    return [
        [
            Drawn(
                tuple(completion.token_ids),
                base.encoder.decode(completion.token_ids),
                completion.finish_reason == "stop",
            )
            for completion in group
        ]
        for group in asked
    ]


def _seed(seed: str, prompt: Sequence[int]) -> int:
    named = json.dumps([seed, list(prompt)]).encode()
    return int(hashlib.sha256(named).hexdigest()[:15], 16)

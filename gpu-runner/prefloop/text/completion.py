"""What is asked of a decoder, and what it gives back."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from prefloop.adapters.lora import Adapter
from prefloop.adapters.mixture import Mixture

# (token, logp, model_logp) as soon as it is drawn, end tokens excepted; True ends the text
Watch = Callable[[int, float, float], bool]


@dataclass(frozen=True, eq=False)
class Request:
    """`n` completions of one prompt. Completion i draws from stream i of `seed` (`text.draw.uniforms`), so the same seed,
    prompt and adapter give the same tokens. temperature 0: the likeliest token. adapter None: the bare base."""

    prompt_ids: Sequence[int]
    max_tokens: int
    adapter: Adapter | Mixture | None = None
    n: int = 1
    seed: int = 0
    temperature: float = 1.0
    top_p: float = 1.0


@dataclass(eq=False)
class Completion:
    """One text. Once `finish_reason` is set: the tokens drawn, the end token included, and what each was drawn with.

    logps: under the distribution it was drawn from; model_logps: under the model at temperature 1 (`text.draw.Drawn`).
    finish_reason: "stop" (an end token, or its watch), "length", "error" (the model's output was not finite: the last
    token means nothing), "cancelled".
    """

    request: Request
    index: int
    watch: Watch | None = None
    token_ids: list[int] = field(default_factory=list)
    logps: list[float] = field(default_factory=list)
    model_logps: list[float] = field(default_factory=list)
    finish_reason: Literal["stop", "length", "error", "cancelled"] | None = None

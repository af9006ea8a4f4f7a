"""The body of POST /v1/chat/completions, checked."""

import json
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from prefloop.serve.errors import ServeError

BASE, MIXTURE = "base", "mixture"
MOST_MIXED = 16
# of an answer: what made it
HEADER = "x-prefloop-adapter"
INT64 = Field(ge=-(2**63), lt=2**63)
Stop = Annotated[str, StringConstraints(min_length=1, max_length=1000)]


Body = TypeVar("Body", bound="Strict")


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class Message(Strict):
    role: Literal["system", "user", "assistant"]
    content: str


class StreamOptions(Strict):
    include_usage: bool = False


ShaText = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Basis = Annotated[list[ShaText], Field(min_length=1, max_length=MOST_MIXED)]


class MixturePart(Strict):
    adapter: ShaText
    weight: Annotated[float, Field(ge=-10, le=10)]


class ChatRequest(Strict):
    """OpenAI's fields, and five of our own. Null means absent. Those of OpenAI's that change nothing here may only have
    their neutral value.

    num_beams: likelihood beam search in the place of drawing. revise: so many times the answer is bettered by the model
    that gave it; revision: the request for that, with {prompt} and {draft}. Both answer whole, and one answer only.
    mixture: with the model "mixture", what is added to the base: Σ weight·ΔW, exactly. basis: adapters under which the
    log-ratio per token of each answer is wanted.
    """

    model: Annotated[str, StringConstraints(pattern=r"^(base|mixture|[0-9a-f]{64})$")]
    messages: Annotated[list[Message], Field(min_length=1)]
    mixture: Annotated[list[MixturePart], Field(min_length=1, max_length=MOST_MIXED)] | None = None
    basis: Basis | None = None
    n: Annotated[int, Field(ge=1)] | None = None
    seed: Annotated[int, INT64] | None = None
    temperature: Annotated[float, Field(ge=0, le=5)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None
    stop: Stop | Annotated[list[Stop], Field(max_length=16)] | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    logprobs: bool | None = None
    user: str | None = None
    top_logprobs: Literal[0] | None = None
    presence_penalty: Literal[0] | None = None
    frequency_penalty: Literal[0] | None = None
    num_beams: Annotated[int, Field(ge=1, le=16)] | None = None
    revise: Annotated[int, Field(ge=0, le=8)] | None = None
    revision: Annotated[str, StringConstraints(max_length=4000)] | None = None

    @model_validator(mode="after")
    def _goes_together(self) -> "ChatRequest":
        for field, wanted in (("num_beams", self.beams > 1), ("revise", bool(self.revise))):
            if wanted and ((self.n or 1) > 1 or self.stream):
                raise ValueError(f"{field} gives one answer, whole: without n and stream")
        if (self.model == MIXTURE) != (self.mixture is not None):
            raise ValueError("mixture goes with the model mixture, and the other way round")
        if self.basis is not None and (self.stream or self.beams > 1 or self.revise):
            raise ValueError("basis goes without stream, num_beams and revise")
        if self.beams > 1 and self.stop:
            raise ValueError("num_beams goes without stop: a text that is cut has another likelihood")
        if self.revision is not None and not ("{prompt}" in self.revision and "{draft}" in self.revision):
            raise ValueError("revision names {prompt} and {draft}")
        return self

    @property
    def beams(self) -> int:
        return self.num_beams or 1

    @property
    def stops(self) -> list[str]:
        return [self.stop] if isinstance(self.stop, str) else self.stop or []

    @property
    def most_tokens(self) -> int | None:
        return self.max_completion_tokens or self.max_tokens


class CreditRequest(Strict):
    """Whose tokens are credited: an answer to the messages, under a model (beta: scale of the implicit reward)."""

    model: Annotated[str, StringConstraints(pattern=r"^(base|[0-9a-f]{64})$")]
    messages: Annotated[list[Message], Field(min_length=1)]
    completion: Annotated[str, StringConstraints(min_length=1)]
    beta: Annotated[float, Field(gt=0, le=10_000)] = 1.0


class LogRatiosRequest(Strict):
    """basis: adapters. completions: answers to the messages."""

    basis: Basis
    messages: Annotated[list[Message], Field(min_length=1)]
    completions: Annotated[
        list[Annotated[str, StringConstraints(min_length=1)]], Field(min_length=1, max_length=64)
    ]


class Sha(Strict):
    sha: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


def parse_body(body: bytes, model: type[Body]) -> Body:
    """Raises ServeError 400: invalid_json, or invalid_request naming every wrong field."""
    try:
        value = json.loads(body)
        # a lone surrogate is legal JSON, and no text
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise ServeError(400, "invalid_json", f"The body is not JSON in UTF-8: {error}") from error
    try:
        return model.model_validate(value)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'body'}: {e['msg']}" for e in error.errors()[:8])
        raise ServeError(400, "invalid_request", wrong) from error

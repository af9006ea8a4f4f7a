"""Beam search beside the decoder: a step of it is run between two of the decoder's, so that nobody waits for all of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from prefloop.serve.engine import Engine
from prefloop.serve.errors import ServeError
from prefloop.text.beam import BeamSearch
from prefloop.text.completion import Completion, Request


@dataclass(frozen=True)
class Written:
    """A finished text."""

    completion: Completion
    text: str


async def search(engine: Engine, request: Request, num_beams: int, end_ids: Sequence[int]) -> Written:
    """The likeliest text that `num_beams` find. Raises ServeError for a prompt that does not fit, when too many wait, and
    for output that is not finite."""
    try:
        engine.decoder.check(request)
        beams = BeamSearch(
            engine.decoder.trunk,
            request.prompt_ids,
            request.adapter,
            num_beams,
            request.max_tokens,
            end_ids,
        )
    except ValueError as error:
        raise ServeError(400, "context_overflow", str(error)) from error
    try:
        with engine.room_for(num_beams):
            while not beams.done:
                await engine.run(beams.step)
    except ValueError as error:
        raise ServeError(
            500, "inference_failed", "With this adapter the model's output is not finite."
        ) from error
    best = beams.best[0]
    completion = Completion(
        request,
        0,
        token_ids=list(best.token_ids),
        logps=list(best.logps),
        model_logps=list(best.logps),
        finish_reason="stop" if best.ended else "length",
    )
    return Written(completion, engine.tokenizer.decode(completion.token_ids, skip_special_tokens=True))

"""POST /v1/log-ratios: what basis adapters think of answers that were not written here."""

from contextlib import ExitStack

from starlette.responses import JSONResponse, Response

from prefloop.serve.chat_request import LogRatiosRequest, parse_body
from prefloop.serve.engine import Engine
from prefloop.serve.errors import ServeError
from prefloop.serve.registry import Registry
from prefloop.text.encode import TextEncoder
from prefloop.text.log_ratios import log_ratios


class LogRatios:
    def __init__(self, engine: Engine, registry: Registry, encoder: TextEncoder):
        self.engine, self.registry, self.encoder = engine, registry, encoder

    async def answer(self, body: bytes) -> Response:
        """{ log_ratios: one row an answer, one number an adapter }."""
        asked = parse_body(body, LogRatiosRequest)
        try:
            prompt = self.encoder.prompt_ids([message.model_dump() for message in asked.messages])
            completions = [self.encoder.completion_ids(text) for text in asked.completions]
        except ValueError as error:
            raise ServeError(400, "invalid_request", f"messages or completions: {error}") from error
        longest = max(len(prompt) + len(completion) for completion in completions)
        if longest > self.engine.decoder.context:
            raise ServeError(
                400, "context_overflow", f"{longest} tokens do not fit {self.engine.decoder.context}"
            )
        return JSONResponse({"log_ratios": await self.of(asked.basis, prompt, completions)})

    async def of(
        self, basis: list[str], prompt: list[int], completions: list[list[int]]
    ) -> list[list[float]]:
        """Of token ids. The adapters stay loaded meanwhile."""
        with ExitStack() as held:
            adapters = [
                held.enter_context(self.registry.using(await self.registry.get(sha))) for sha in basis
            ]
            trunk = self.engine.decoder.trunk
            return await self.engine.run(lambda: log_ratios(trunk, adapters, prompt, completions))

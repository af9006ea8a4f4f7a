"""POST /v1/credit: what an adapter has learned to think of each token of an answer."""

from starlette.responses import JSONResponse, Response

from prefloop.adapters.lora import Adapter
from prefloop.serve.chat_request import BASE, HEADER, CreditRequest, parse_body
from prefloop.serve.engine import Engine
from prefloop.serve.errors import ServeError
from prefloop.serve.registry import Registry
from prefloop.text.credit import Credit, token_credit
from prefloop.text.encode import TextEncoder


class Crediting:
    def __init__(self, engine: Engine, registry: Registry, encoder: TextEncoder):
        self.engine = engine
        self.registry = registry
        self.encoder = encoder

    async def answer(self, body: bytes) -> Response:
        """{ model, tokens: [{ token, id, credit, logprob, reference_logprob }], reward }: the credits sum to the reward."""
        asked = parse_body(body, CreditRequest)
        prompt, completion = self._ids(asked)
        if asked.model == BASE:
            credit = await self._run(prompt, completion, None, asked.beta)
        else:
            with self.registry.using(await self.registry.get(asked.model)) as adapter:
                credit = await self._run(prompt, completion, adapter, asked.beta)
        tokens = [
            {
                "token": self.engine.tokenizer.decode([token], skip_special_tokens=False),
                "id": token,
                "credit": credit.credits[i],
                "logprob": credit.logps[i],
                "reference_logprob": credit.reference_logps[i],
            }
            for i, token in enumerate(completion)
        ]
        answer = {"model": asked.model, "tokens": tokens, "reward": sum(credit.credits)}
        return JSONResponse(answer, headers={HEADER: asked.model})

    async def _run(
        self, prompt: list[int], completion: list[int], adapter: Adapter | None, beta: float
    ) -> Credit:
        trunk = self.engine.decoder.trunk
        found = await self.engine.run(lambda: token_credit(trunk, adapter, [(prompt, completion)], beta))
        return found[0]

    def _ids(self, asked: CreditRequest) -> tuple[list[int], list[int]]:
        try:
            prompt = self.encoder.prompt_ids([message.model_dump() for message in asked.messages])
            completion = self.encoder.completion_ids(asked.completion)
        except ValueError as error:
            raise ServeError(400, "invalid_request", f"messages or completion: {error}") from error
        longest = self.engine.decoder.context
        if len(prompt) + len(completion) > longest:
            raise ServeError(
                400,
                "context_overflow",
                f"the prompt's {len(prompt)} tokens and the answer's {len(completion)} do not fit {longest}",
            )
        return prompt, completion

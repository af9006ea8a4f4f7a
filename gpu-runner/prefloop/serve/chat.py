"""POST /v1/chat/completions: from a checked request to its answer, whole or streamed."""

import json
import secrets
from collections.abc import AsyncIterator
from contextlib import ExitStack

from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from prefloop.adapters.lora import Adapter
from prefloop.adapters.mixture import Mixture, mix
from prefloop.serve.chat_request import BASE, HEADER, ChatRequest, parse_body
from prefloop.serve.chat_response import Answer
from prefloop.serve.engine import Done, Engine, Ticket
from prefloop.serve.errors import ServeError
from prefloop.serve.leaving import CLOSED, unless_left
from prefloop.serve.log_ratios import LogRatios
from prefloop.serve.registry import Registry
from prefloop.serve.search import Written, search
from prefloop.text.completion import Completion, Request
from prefloop.text.encode import TextEncoder
from prefloop.text.revise import DEFAULT_REVISION, revision_messages


class Chat:
    def __init__(self, engine: Engine, registry: Registry, encoder: TextEncoder):
        self.engine = engine
        self.registry = registry
        self.encoder = encoder
        self.log_ratios = LogRatios(engine, registry, encoder)

    async def answer(self, http: HttpRequest, body: bytes) -> Response:
        """The adapter is bound here: whatever is loaded or unloaded later, this request is answered by this one."""
        asked = parse_body(body, ChatRequest)
        prompt_ids = self._prompt_ids(asked)
        if asked.beams > 1 or asked.revise:
            return await self._answer_in_parts(http, asked)
        with ExitStack() as held:
            adapter = await self._adapter(asked, held)
            ticket = self.engine.submit(
                self._request(asked, prompt_ids, adapter, _seed(asked)), asked.stops, live=bool(asked.stream)
            )
            held.callback(ticket.close)
            answer = Answer(self.engine.tokenizer, asked.model, bool(asked.logprobs))
            headers = {HEADER: asked.model}
            if not asked.stream:
                done = await unless_left(http, _finished(ticket))
                if done is None:
                    return Response(status_code=CLOSED)
                texts = [ticket.text(completion) for completion in done]
                whole = answer.whole(len(prompt_ids), texts, done)
                if asked.basis:
                    ids = [list(completion.token_ids) for completion in done]
                    ratios = await self.log_ratios.of(asked.basis, prompt_ids, ids)
                    for choice, row in zip(whole["choices"], ratios, strict=True):
                        choice["log_ratios"] = row
                return JSONResponse(whole, headers=headers)
            include_usage = asked.stream_options is not None and asked.stream_options.include_usage
            return _EventStream(_chunks(ticket, answer, include_usage), headers, held.pop_all())

    async def _adapter(self, asked: ChatRequest, held: ExitStack) -> Adapter | Mixture | None:
        """What answers, loaded and kept loaded until `held` lets go."""
        parts = asked.mixture or []
        shas = [part.adapter for part in parts] or ([] if asked.model == BASE else [asked.model])
        adapters = [held.enter_context(self.registry.using(await self.registry.get(sha))) for sha in shas]
        if parts:
            return mix(adapters, [part.weight for part in parts])
        return adapters[0] if adapters else None

    async def _answer_in_parts(self, http: HttpRequest, asked: ChatRequest) -> Response:
        """A search, or an answer that is bettered: several runs on one adapter make one answer."""
        with ExitStack() as held:
            adapter = await self._adapter(asked, held)
            written = await unless_left(http, self._write(asked, adapter))
            if written is None:
                return Response(status_code=CLOSED)
            last = written[-1]
            answer = Answer(self.engine.tokenizer, asked.model, bool(asked.logprobs))
            body = answer.whole(len(last.completion.request.prompt_ids), [last.text], [last.completion])
            if asked.revise:
                body["choices"][0]["drafts"] = [draft.text for draft in written[:-1]]
            return JSONResponse(body, headers={HEADER: asked.model})

    async def _write(self, asked: ChatRequest, adapter: Adapter | Mixture | None) -> list[Written]:
        """The answer and its revisions, the last one last; revising ends early when nothing changes any more."""
        seed = _seed(asked)
        messages = [message.model_dump() for message in asked.messages]
        written = [await self._write_one(asked, messages, adapter, seed)]
        for number in range(asked.revise or 0):
            wished = revision_messages(messages, written[-1].text, asked.revision or DEFAULT_REVISION)
            better = await self._write_one(asked, wished, adapter, (seed + number + 1) % 2**64)
            if better.text == written[-1].text:
                break
            written.append(better)
        return written

    async def _write_one(
        self, asked: ChatRequest, messages: list[dict], adapter: Adapter | Mixture | None, seed: int
    ) -> Written:
        request = self._request(asked, self._ids_of(messages), adapter, seed)
        if asked.beams > 1:
            return await search(self.engine, request, asked.beams, self.encoder.end_ids)
        ticket = self.engine.submit(request, asked.stops)
        try:
            (completion,) = await _finished(ticket)
            return Written(completion, ticket.text(completion))
        finally:
            ticket.close()

    def _request(
        self, asked: ChatRequest, prompt_ids: list[int], adapter: Adapter | Mixture | None, seed: int
    ) -> Request:
        return Request(
            prompt_ids,
            max_tokens=asked.most_tokens or max(1, self.engine.decoder.context - len(prompt_ids)),
            adapter=adapter,
            n=asked.n or 1,
            seed=seed,
            temperature=1.0 if asked.temperature is None else asked.temperature,
            top_p=1.0 if asked.top_p is None else asked.top_p,
        )

    def _prompt_ids(self, asked: ChatRequest) -> list[int]:
        if (asked.n or 1) > self.engine.decoder.slots:
            raise ServeError(
                400, "invalid_request", f"n: this server makes at most {self.engine.decoder.slots} at once"
            )
        return self._ids_of([message.model_dump() for message in asked.messages])

    def _ids_of(self, messages: list[dict]) -> list[int]:
        try:
            return self.encoder.prompt_ids(messages)
        except ValueError as error:
            raise ServeError(400, "invalid_request", f"messages: {error}") from error


def _seed(asked: ChatRequest) -> int:
    return (secrets.randbits(31) if asked.seed is None else asked.seed) % 2**64


class _EventStream(StreamingResponse):
    """Server-sent events; `held` is let go when the last is sent or the client has left."""

    def __init__(self, events: AsyncIterator[str], headers: dict[str, str], held: ExitStack):
        super().__init__(
            events, headers={"cache-control": "no-store", **headers}, media_type="text/event-stream"
        )
        self.held = held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self.held:
            await super().__call__(scope, receive, send)


async def _chunks(ticket: Ticket, answer: Answer, include_usage: bool) -> AsyncIterator[str]:
    usage = {"usage": None} if include_usage else {}
    for index in range(ticket.request.n):
        yield _event(answer.opening(index) | usage)
    done: list[Completion] = []
    try:
        async for event in ticket:
            if isinstance(event, Done):
                done.append(_usable(event.completion))
                for chunk in answer.closing(event):
                    yield _event(chunk | usage)
            elif (chunk := answer.piece(event)) is not None:
                yield _event(chunk | usage)
    except ServeError as error:
        yield _event({"error": error.body})
        return
    if include_usage:
        yield _event(answer.usage(len(ticket.request.prompt_ids), done))
    yield "data: [DONE]\n\n"


def _event(value: dict) -> str:
    return f"data: {json.dumps(value, ensure_ascii=False, separators=(',', ':'))}\n\n"


async def _finished(ticket: Ticket) -> list[Completion]:
    """In the order of their index."""
    done = [_usable(event.completion) async for event in ticket if isinstance(event, Done)]
    return sorted(done, key=lambda completion: completion.index)


def _usable(completion: Completion) -> Completion:
    if completion.finish_reason == "error":
        raise ServeError(500, "inference_failed", "With this adapter the model's output is not finite.")
    return completion

"""The routes. OpenAI's shapes, with one difference: a failure is { code, message }."""

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import wraps
from typing import Protocol

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from prefloop.serve.chat_request import BASE, Sha, parse_body
from prefloop.serve.errors import ServeError
from prefloop.serve.registry import Registry

MAX_BODY_BYTES = 8 << 20
Handler = Callable[[Request], Awaitable[Response]]
# (request, its whole body) → answer
Post = Callable[[Request, bytes], Awaitable[Response]]


class Works(Protocol):
    """What runs the model: an engine of texts, a painter of pictures."""

    in_flight: int

    def start(self) -> None: ...

    async def stop(self) -> None: ...

    @property
    def alive(self) -> bool: ...


@dataclass(frozen=True)
class Server:
    """What the routes need. posts: what the kind of model answers, by path. key: bearer that every route but /health
    asks for; None: none."""

    engine: Works
    registry: Registry
    posts: Mapping[str, Post]
    model: str
    fingerprint: str
    key: str | None


def create_app(server: Server) -> Starlette:
    def taking(post: Post) -> Handler:
        async def take(request: Request) -> Response:
            return await post(request, await read_body(request))

        return take

    async def models(_: Request) -> Response:
        base = {"id": BASE, "object": "model", "owned_by": "prefloop", "root": server.model, "parent": None}
        adapters = [
            {"id": sha, "object": "model", "owned_by": "prefloop", "root": server.model, "parent": BASE}
            for sha in server.registry.loaded
        ]
        return JSONResponse({"object": "list", "data": [base, *adapters]})

    async def load(request: Request) -> Response:
        loaded = await server.registry.get(parse_body(await read_body(request), Sha).sha)
        return JSONResponse({"sha": loaded.sha, "loaded": True, "differs": loaded.differs})

    async def unload(request: Request) -> Response:
        sha = parse_body(await read_body(request), Sha).sha
        if (loaded := server.registry.unload(sha)) is None:
            raise ServeError(404, "not_found", f"Adapter {sha} is not loaded.")
        # requests that hold it finish on it
        return JSONResponse({"sha": sha, "unloaded": True, "inFlight": loaded.users})

    async def health(_: Request) -> Response:
        if not server.engine.alive:
            raise ServeError(503, "inference_unavailable", "The engine has stopped.")
        state = {"inFlight": server.engine.in_flight, "adapters": len(server.registry.loaded)}
        return JSONResponse(
            {"status": "ok", "model": server.model, "fingerprint": server.fingerprint} | state
        )

    def guarded(handler: Handler) -> Handler:
        @wraps(handler)
        async def checked(request: Request) -> Response:
            check_key(request, server.key)
            return await handler(request)

        return checked

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        server.engine.start()
        yield
        await server.engine.stop()

    return Starlette(
        lifespan=lifespan,
        routes=[
            *(Route(path, guarded(taking(post)), methods=["POST"]) for path, post in server.posts.items()),
            Route("/v1/adapters/load", guarded(load), methods=["POST"]),
            Route("/v1/adapters/unload", guarded(unload), methods=["POST"]),
            Route("/v1/models", guarded(models), methods=["GET"]),
            Route("/health", health, methods=["GET"]),
        ],
        exception_handlers={ServeError: on_serve_error, HTTPException: on_http_error, Exception: on_bug},
    )


def check_key(request: Request, key: str | None) -> None:
    if key is None:
        return
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    if not secrets.compare_digest(given.encode(), key.encode()):
        raise ServeError(401, "unauthorized", "This server asks for its key: Authorization: Bearer ….")


async def read_body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise ServeError(413, "too_large", f"The body is larger than {MAX_BODY_BYTES >> 20} MiB.")
    return bytes(body)


async def on_serve_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, ServeError)
    return error.response()


async def on_http_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    codes = {
        404: ("not_found", "There is no such route."),
        405: ("method_not_allowed", "Not with this method."),
    }
    code, message = codes.get(error.status_code, ("invalid_request", str(error.detail)))
    return JSONResponse({"code": code, "message": message}, error.status_code, error.headers)


async def on_bug(_: Request, error: Exception) -> Response:
    return JSONResponse({"code": "internal", "message": "The server failed."}, 500)

"""POST /v1/images/generations and POST /v1/features: from a checked request to its answer."""

import asyncio
import base64
import io
import time
from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response

from prefloop.image.picture import decode_picture
from prefloop.image.sample import GUIDANCE, STEPS
from prefloop.serve.chat_request import BASE, HEADER, parse_body
from prefloop.serve.errors import ServeError
from prefloop.serve.image_load import ImageAdapter
from prefloop.serve.image_request import FeaturesRequest, ImageRequest
from prefloop.serve.leaving import CLOSED, unless_left
from prefloop.serve.painter import Drawing, Painter, Person
from prefloop.serve.registry import Registry
from prefloop.text.encode import Untrainable


class Images:
    """The two routes."""

    def __init__(self, painter: Painter, registry: Registry) -> None:
        self.painter, self.registry = painter, registry

    async def generate(self, http: HttpRequest, body: bytes) -> Response:
        request = parse_body(body, ImageRequest)
        if request.features and self.painter.features is None:
            raise ServeError(
                400, "invalid_request", "features: this server has no feature encoder (--features)."
            )
        if request.model == BASE:
            answer = await unless_left(http, self._draw(request, ImageAdapter(None, None)))
        else:
            with self.registry.using(await self.registry.get(request.model)) as adapter:
                answer = await unless_left(http, self._draw(request, adapter))
        if answer is None:
            return Response(status_code=CLOSED)
        return JSONResponse(answer, headers={HEADER: request.model})

    async def features(self, http: HttpRequest, body: bytes) -> Response:
        encoder, request = self.painter.features, parse_body(body, FeaturesRequest)
        if encoder is None:
            raise ServeError(404, "not_found", "This server has no feature encoder (--features).")
        contents = request.contents()
        try:
            pictures = await asyncio.to_thread(_decode, contents, self.painter.model.size)
        except Untrainable as error:
            raise ServeError(422, "image_invalid", f"images: {error}") from error
        seen = await unless_left(http, self.painter.run(lambda: encoder.features(pictures).tolist()))
        if seen is None:
            return Response(status_code=CLOSED)
        return JSONResponse({"space": encoder.space, "features": seen})

    async def _draw(self, request: ImageRequest, adapter: ImageAdapter) -> dict[str, object]:
        drawing = Drawing(
            request.prompt,
            [request.seed + place for place in range(request.n)],
            request.steps or STEPS,
            GUIDANCE if request.guidance is None else request.guidance,
            adapter.lora,
            person_of(request, adapter),
            request.features,
        )
        drawn = await self.painter.draw(drawing)
        files = await asyncio.to_thread(lambda: [png(picture) for picture in drawn.pictures])
        data: list[dict[str, object]] = [
            {"b64_json": file, "seed": seed} for file, seed in zip(files, drawing.seeds, strict=True)
        ]
        if drawn.features is not None and self.painter.features is not None:
            for one, values in zip(data, drawn.features, strict=True):
                one["features"] = {"space": self.painter.features.space, "values": values}
        return {"created": int(time.time()), "model": request.model, "data": data}


def person_of(request: ImageRequest, adapter: ImageAdapter) -> Person | None:
    """Raises ServeError 422 for somebody whom the adapter cannot take in."""
    if request.user is None:
        return None
    if adapter.users is None:
        raise ServeError(422, "encoder_mismatch", f"user: {request.model} was not trained for single people.")
    widths = {len(token) for token in request.user}
    if widths != {adapter.users.width}:
        raise ServeError(
            422,
            "encoder_mismatch",
            f"user: tokens have {sorted(widths)} numbers, and the adapter takes {adapter.users.width}: it is of another "
            "user encoder.",
        )
    tokens_NU = torch.tensor(request.user)
    known = adapter.users.openness
    if known and tokens_NU.numel() != len(known.basis_EK):
        raise ServeError(
            422,
            "encoder_mismatch",
            f"user: the tokens have {tokens_NU.numel()} numbers in all, and the adapter takes {len(known.basis_EK)}: it is of "
            "another user encoder.",
        )
    return Person(adapter.users, tokens_NU)


def png(picture_HW3: np.ndarray) -> str:
    """In base64."""
    file = io.BytesIO()
    Image.fromarray(picture_HW3).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def _decode(contents: Sequence[bytes], size: int) -> np.ndarray:
    """(B, size, size, 3), as the model would see them. Raises Untrainable."""
    pictures_B3HW = torch.stack([decode_picture(content, size) for content in contents])
    return ((pictures_B3HW + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy()

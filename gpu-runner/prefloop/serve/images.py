"""Pictures for requests: one pass of the denoiser at a time, on a thread of its own."""

import asyncio
import base64
import io
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from PIL import Image
from starlette.responses import JSONResponse, Response

from prefloop.adapters.lora import Adapter
from prefloop.image.files import USERS, WEIGHTS, read_lora, read_user_attention
from prefloop.image.model import ImageModel
from prefloop.image.personalize import UserAttention, seen_by
from prefloop.image.picture import decode_picture
from prefloop.image.sample import GUIDANCE, STEPS, Audience, sample_pictures
from prefloop.serve.chat_request import BASE, HEADER, parse_body
from prefloop.serve.errors import ServeError
from prefloop.serve.image_request import FeaturesRequest, ImageRequest
from prefloop.serve.registry import Loaded, Registry
from prefloop.serve.source import Source
from prefloop.taste.features import FeatureEncoder
from prefloop.text.encode import Untrainable

T = TypeVar("T")


@dataclass(frozen=True)
class ImageAdapter:
    """What one sha names: a LoRA, a user attention, or both."""

    lora: Adapter | None
    users: UserAttention | None


class Painter:
    """All that touches the model happens on its one thread. queue: requests that may wait; what comes on top is refused."""

    def __init__(self, model: ImageModel, features: FeatureEncoder | None, queue: int) -> None:
        self.model, self.features, self.queue = model, features, queue
        self.in_flight = 0
        self._thread = ThreadPoolExecutor(1, "painter")

    def start(self) -> None:
        """Nothing to do: the thread starts with the first request."""

    async def stop(self) -> None:
        """Let the running pass end; what waits is not begun."""
        await asyncio.to_thread(self._thread.shutdown, cancel_futures=True)

    @property
    def alive(self) -> bool:
        return not self._thread._shutdown

    async def run(self, function: Callable[[], T]) -> T:
        """Raises ServeError 503 when too many wait. A caller that leaves before its turn takes none."""
        if self.in_flight >= self.queue:
            raise ServeError(503, "overloaded", "Too many requests are waiting: try again in a moment.", 1)
        self.in_flight += 1
        try:
            return await asyncio.wrap_future(self._thread.submit(function))
        finally:
            self.in_flight -= 1


class Images:
    """The two routes."""

    def __init__(self, painter: Painter, registry: Registry) -> None:
        self.painter, self.registry = painter, registry

    async def generate(self, body: bytes) -> Response:
        request = parse_body(body, ImageRequest)
        if request.features and self.painter.features is None:
            raise ServeError(
                400, "invalid_request", "features: this server has no feature encoder (--features)."
            )
        if request.model == BASE:
            return await self._answer(request, ImageAdapter(None, None))
        loaded = await self.registry.get(request.model)
        with self.registry.using(loaded) as adapter:
            return await self._answer(request, adapter)

    async def features(self, body: bytes) -> Response:
        encoder, request = self.painter.features, parse_body(body, FeaturesRequest)
        if encoder is None:
            raise ServeError(404, "not_found", "This server has no feature encoder (--features).")
        size = self.painter.model.size
        try:
            pictures = [_array(decode_picture(content, size)) for content in request.contents()]
        except Untrainable as error:
            raise ServeError(422, "image_invalid", f"images: {error}") from error
        seen = await self.painter.run(lambda: encoder.features(np.stack(pictures)).tolist())
        return JSONResponse({"space": encoder.space, "features": seen})

    async def _answer(self, request: ImageRequest, adapter: ImageAdapter) -> Response:
        audience = audience_of(request, adapter)
        pictures, seen = await self.painter.run(lambda: self._draw(request, adapter, audience))
        data = [
            {"b64_json": png(picture), "seed": request.seed + place} | (seen[place] if seen else {})
            for place, picture in enumerate(pictures)
        ]
        answer = {"created": int(time.time()), "model": request.model, "data": data}
        return JSONResponse(answer, headers={HEADER: request.model})

    def _draw(
        self, request: ImageRequest, adapter: ImageAdapter, audience: Audience | None
    ) -> tuple[np.ndarray, list[dict[str, object]]]:
        n = request.n
        pictures = sample_pictures(
            self.painter.model,
            [request.prompt] * n,
            [request.seed + i for i in range(n)],
            request.steps or STEPS,
            GUIDANCE if request.guidance is None else request.guidance,
            [adapter.lora] * n,
            audience,
        )
        encoder = self.painter.features
        if not request.features or encoder is None:
            return pictures, []
        values = encoder.features(pictures).tolist()
        return pictures, [{"features": {"space": encoder.space, "values": one}} for one in values]


def audience_of(request: ImageRequest, adapter: ImageAdapter) -> Audience | None:
    """Raises ServeError 422 for a user whom the adapter cannot take in."""
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
    return Audience(adapter.users, torch.tensor([request.user] * request.n))


def image_loader(painter: Painter, sources: Sequence[Source]):
    """Ask the sources in turn; what is found is read and probed before it answers anybody."""

    def fetch(sha: str) -> ImageAdapter:
        for source in sources:
            if (files := source(sha)) is not None:
                try:
                    lora = read_lora(files, painter.model).freeze() if WEIGHTS in files else None
                    users = read_user_attention(files, painter.model).freeze() if USERS in files else None
                except ValueError as error:
                    raise ServeError(
                        422, "adapter_invalid", f"Adapter {sha} cannot be used: {error}"
                    ) from error
                return ImageAdapter(lora, users)
        raise ServeError(404, "not_found", f"There is no adapter {sha}.")

    async def load(sha: str) -> Loaded:
        adapter = await asyncio.to_thread(fetch, sha)
        differs = await painter.run(lambda: probe(painter.model, adapter))
        return Loaded(sha, adapter, differs)

    return load


@torch.no_grad()
def probe(model: ImageModel, adapter: ImageAdapter) -> bool:
    """Whether it changes what the denoiser says of a fixed noise. Raises ServeError 422 where that is not finite."""
    side, channels = int(model.denoiser.config.sample_size), int(model.pipeline.vae.config.latent_channels)
    noise = torch.randn((1, channels, side, side), generator=torch.Generator().manual_seed(0))
    times = torch.tensor([model.noising.times // 2], device=model.device)
    condition = model.condition(["a picture"])

    def said(rows) -> torch.Tensor:
        return model.predict(noise.to(model.device), times, condition, rows)

    plain, adapted = said([(1, None)]), said([(1, adapter.lora)])
    if adapter.users is not None:
        user = torch.ones((1, 1, adapter.users.width), device=model.device)
        with seen_by(adapter.users, user):
            adapted = said([(1, adapter.lora)])
    if not torch.isfinite(adapted).all():
        raise ServeError(422, "probe_failed", "With this adapter the model's output is not finite.")
    return not torch.equal(plain, adapted)


def png(picture: np.ndarray) -> str:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def _array(image_3HW: torch.Tensor) -> np.ndarray:
    return ((image_3HW + 1) * 127.5).round().byte().permute(1, 2, 0).numpy()

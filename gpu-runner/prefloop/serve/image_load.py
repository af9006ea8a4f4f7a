"""From a sha to an adapter that may draw: found, read, probed."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import torch

from prefloop.adapters.lora import Adapter
from prefloop.image.files import USERS, WEIGHTS, read_lora, read_user_attention
from prefloop.image.model import ImageModel
from prefloop.image.personalize import UserAttention, seen_by
from prefloop.serve.errors import ServeError
from prefloop.serve.painter import Painter
from prefloop.serve.registry import Loaded
from prefloop.serve.source import Source


@dataclass(frozen=True)
class ImageAdapter:
    """What one sha names: a LoRA, a user attention, or both."""

    lora: Adapter | None
    users: UserAttention | None


def image_loader(painter: Painter, sources: Sequence[Source]) -> Callable[[str], Awaitable[Loaded]]:
    """Ask the sources in turn; what is found is read and probed before it answers anybody."""

    def fetch(sha: str) -> dict[str, bytes]:
        for source in sources:
            if (files := source(sha)) is not None:
                return files
        raise ServeError(404, "not_found", f"There is no adapter {sha}.")

    def read(sha: str, files: dict[str, bytes]) -> Loaded:
        model = painter.model
        try:
            lora = read_lora(files, model).freeze() if WEIGHTS in files else None
            users = read_user_attention(files, model).freeze() if USERS in files else None
        except ValueError as error:
            raise ServeError(422, "adapter_invalid", f"Adapter {sha} cannot be used: {error}") from error
        adapter = ImageAdapter(lora, users)
        return Loaded(sha, adapter, probe(model, adapter))

    async def load(sha: str) -> Loaded:
        files = await asyncio.to_thread(fetch, sha)
        # a user attention changes how the model's own are run: between two passes, never during one
        return await painter.run(lambda: read(sha, files))

    return load


@torch.no_grad()
def probe(model: ImageModel, adapter: ImageAdapter) -> bool:
    """Whether it changes what the denoiser says of a fixed noise. Raises ServeError 422 where that is not finite."""
    side, channels = int(model.denoiser.config.sample_size), int(model.pipeline.vae.config.latent_channels)
    noise = torch.randn((1, channels, side, side), generator=torch.Generator().manual_seed(0))
    times = torch.tensor([model.noising.times // 2], device=model.device)
    condition = model.condition(["a picture"])

    def said(lora: Adapter | None) -> torch.Tensor:
        return model.predict(noise.to(model.device), times, condition, [(1, lora)])

    plain, adapted = said(None), said(adapter.lora)
    if adapter.users is not None:
        user = torch.ones((1, 1, adapter.users.width), device=model.device)
        with seen_by(adapter.users, user):
            adapted = said(adapter.lora)
    if not torch.isfinite(adapted).all():
        raise ServeError(422, "probe_failed", "With this adapter the model's output is not finite.")
    return not torch.equal(plain, adapted)

"""Pictures for requests: one pass of the denoiser at a time, on a thread of its own; requests of one form share a pass."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from prefloop.adapters.lora import Adapter
from prefloop.image.model import ImageModel
from prefloop.image.personalize import UserAttention
from prefloop.image.sample import STEPS, Audience, sample_latents, schedule
from prefloop.serve.errors import ServeError
from prefloop.taste.features import FeatureEncoder

T = TypeVar("T")
# Pictures of one pass, as long as no single request asks for more.
TOGETHER = 16


@dataclass(frozen=True)
class Person:
    """Whom pictures are drawn for: tokens (N, U) that the attention takes."""

    attention: UserAttention
    tokens_NU: Tensor


@dataclass(eq=False)
class Drawing:
    """One request: a caption, and a picture to each seed. with_features: say also what the feature encoder sees."""

    caption: str
    seeds: Sequence[int]
    steps: int
    guidance: float
    lora: Adapter | None
    person: Person | None
    with_features: bool
    drawn: "Future[Drawn]" = field(default_factory=Future)

    def goes_with(self, other: "Drawing") -> bool:
        """Whether one pass can make both."""
        ours, theirs = self.person, other.person
        alike = (
            ours is theirs
            if ours is None or theirs is None
            else ours.attention is theirs.attention and ours.tokens_NU.shape == theirs.tokens_NU.shape
        )
        return alike and (self.steps, self.guidance) == (other.steps, other.guidance)


@dataclass(frozen=True)
class Drawn:
    """pictures (n, H, W, 3); features (n, F) where they were asked for."""

    pictures: NDArray[np.uint8]
    features: list[list[float]] | None


class _NobodyWaits(Exception):
    pass


class Painter:
    """All that touches the model happens on its one thread. queue: requests that may wait; what comes on top is refused."""

    def __init__(self, model: ImageModel, features: FeatureEncoder | None, queue: int) -> None:
        schedule(model, STEPS)  # refuse at the start what could not be drawn
        self.model, self.features, self.queue = model, features, queue
        self.in_flight = 0
        self.alive = True
        self._thread = ThreadPoolExecutor(1, "painter")
        self._asked: SimpleQueue[Drawing] = SimpleQueue()
        self._waiting: list[Drawing] = []  # the painter thread's

    def start(self) -> None:
        """Nothing to do: the thread starts with the first request."""

    async def stop(self) -> None:
        """Let the running pass end; what waits is not begun."""
        self.alive = False
        await asyncio.to_thread(self._thread.shutdown, cancel_futures=True)

    async def draw(self, drawing: Drawing) -> Drawn:
        """Raises ServeError: 503 when too many wait, 500 for what is not finite. A caller that leaves is drawn for no more."""
        with self._room():
            self._asked.put(drawing)
            self._thread.submit(self._draw_next)
            return await asyncio.wrap_future(drawing.drawn)

    async def run(self, function: Callable[[], T]) -> T:
        """Something else that touches the model. Raises ServeError 503 when too many wait."""
        with self._room():
            return await asyncio.wrap_future(self._thread.submit(function))

    @contextmanager
    def _room(self) -> Iterator[None]:
        if self.in_flight >= self.queue:
            raise ServeError(503, "overloaded", "Too many requests are waiting: try again in a moment.", 1)
        self.in_flight += 1
        try:
            yield
        finally:
            self.in_flight -= 1

    # On the painter thread from here on.

    def _draw_next(self) -> None:
        """The request that has waited longest, and those that go with it. Nothing where it was drawn with another."""
        while not self._asked.empty():
            self._waiting.append(self._asked.get())
        self._waiting = [one for one in self._waiting if not one.drawn.cancelled()]
        if not self._waiting:
            return
        some, count = [], 0
        for one in self._waiting:
            if not some or (one.goes_with(some[0]) and count + len(one.seeds) <= TOGETHER):
                some.append(one)
                count += len(one.seeds)
        self._waiting = [one for one in self._waiting if one not in some]
        try:
            latents = self._sample(some)
            for one, own in zip(some, latents.split([len(one.seeds) for one in some]), strict=True):
                self._finish(one, own)
        except _NobodyWaits:
            pass
        except Exception as error:  # noqa: BLE001 - raised again where it was asked for
            for one in some:
                _settle(one, error)

    def _sample(self, some: Sequence[Drawing]) -> Tensor:
        def check() -> None:
            if all(one.drawn.cancelled() for one in some):
                raise _NobodyWaits

        audience = None
        if (first := some[0].person) is not None:
            tokens = [one.person.tokens_NU for one in some if one.person for _ in one.seeds]
            audience = Audience(first.attention, torch.stack(tokens).to(self.model.device))
        return sample_latents(
            self.model,
            [one.caption for one in some for _ in one.seeds],
            [seed for one in some for seed in one.seeds],
            some[0].steps,
            some[0].guidance,
            [one.lora for one in some for _ in one.seeds],
            audience,
            check,
        )

    def _finish(self, one: Drawing, latents: Tensor) -> None:
        if not bool(torch.isfinite(latents).all()):
            message = "With this adapter the model's output is not finite."
            return _settle(one, ServeError(500, "inference_failed", message))
        pictures = self.model.pictures(latents)
        encoder = self.features if one.with_features else None
        _settle(one, Drawn(pictures, encoder.features(pictures).tolist() if encoder else None))


def _settle(one: Drawing, outcome: Drawn | Exception) -> None:
    if one.drawn.done() or not one.drawn.set_running_or_notify_cancel():
        return
    if isinstance(outcome, Exception):
        one.drawn.set_exception(outcome)
    else:
        one.drawn.set_result(outcome)

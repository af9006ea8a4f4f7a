"""The painter: requests of one form share a pass, each gets its own pictures, and nobody is drawn for who has left."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator

import numpy as np
import pytest
import torch
from image.random_pipelines import PIPELINES

from prefloop.adapters.lora import Adapter, new_adapter
from prefloop.image.model import ImageModel
from prefloop.image.personalize import UserAttention, personalize
from prefloop.image.sample import Audience, sample_pictures
from prefloop.serve.errors import ServeError
from prefloop.serve.painter import TOGETHER, Drawing, Painter, Person

STEPS, GUIDANCE = 3, 2.0
PERSON = torch.tensor([[1.0, -2.0], [0.5, 1.0]])


@pytest.fixture(scope="module")
def model() -> ImageModel:
    return ImageModel(PIPELINES["sd15"](), "sd15")


@pytest.fixture(scope="module")
def attention(model: ImageModel) -> UserAttention:
    projection = personalize(model, 2)
    with torch.no_grad():
        projection.flat.add_(torch.randn(projection.flat.shape, generator=torch.Generator().manual_seed(1)))
    return projection.unfolded()


@pytest.fixture
def passes(model: ImageModel) -> Iterator[list[int]]:
    """Pictures of every run of the denoiser; with guidance each is run twice."""
    counts: list[int] = []
    hook = model.denoiser.register_forward_hook(
        lambda _module, inputs, _output: counts.append(len(inputs[0]))
    )
    yield counts
    hook.remove()


def drawing(*seeds: int, **fields) -> Drawing:
    known = {"caption": "a creature", "steps": STEPS, "guidance": GUIDANCE, "lora": None, "person": None}
    return Drawing(**known | {"seeds": list(seeds), "with_features": False} | fields)


def adapter(model: ImageModel, seed: int, size: float = 0.3) -> Adapter:
    made = new_adapter(model.layers, 2, 2, seed)
    with torch.no_grad():
        made.flat.add_(size * torch.randn(made.flat.shape, generator=torch.Generator().manual_seed(seed)))
    return made.freeze()


def busy(
    model: ImageModel, work: Callable[[Painter, threading.Event], Awaitable[None]], queue: int = 16
) -> None:
    """Runs `work` while the painter is held up, until the event is set."""

    async def run() -> None:
        painter, free = Painter(model, None, queue), threading.Event()
        held = asyncio.create_task(painter.run(lambda: free.wait(60)))
        await asyncio.sleep(0)
        try:
            await work(painter, free)
        finally:
            free.set()
            await held
            await painter.stop()

    asyncio.run(run())


def drawn_while_busy(model: ImageModel, *asked: Drawing) -> list[np.ndarray | BaseException]:
    found: list[np.ndarray | BaseException] = []

    async def work(painter: Painter, free: threading.Event) -> None:
        tasks = [asyncio.create_task(painter.draw(one)) for one in asked]
        await asyncio.sleep(0)
        free.set()
        for said in await asyncio.gather(*tasks, return_exceptions=True):
            found.append(said if isinstance(said, BaseException) else said.pictures)

    busy(model, work)
    return found


def apart(one: np.ndarray | BaseException, other: np.ndarray) -> int:
    assert isinstance(one, np.ndarray), one
    return int(np.abs(one.astype(int) - other.astype(int)).max())


def test_requests_of_one_form_share_a_pass_and_each_gets_its_own(model: ImageModel, passes: list[int]):
    first, second = adapter(model, 1), adapter(model, 2)
    found = drawn_while_busy(
        model,
        drawing(1, 2, lora=first),
        drawing(1, caption="a creature, on snow", lora=second),
        drawing(7),
    )
    assert passes == [8, 8, 8]  # four pictures, with and without their captions
    alone = [
        sample_pictures(model, ["a creature"] * 2, [1, 2], STEPS, GUIDANCE, [first, first]),
        sample_pictures(model, ["a creature, on snow"], [1], STEPS, GUIDANCE, [second]),
        sample_pictures(model, ["a creature"], [7], STEPS, GUIDANCE),
    ]
    for one, other in zip(found, alone, strict=True):
        assert apart(one, other) <= 1


def test_people_share_a_pass_with_people_only(model: ImageModel, attention: UserAttention, passes: list[int]):
    people = [Person(attention, PERSON), Person(attention, -PERSON), Person(attention, PERSON[:1])]
    found = drawn_while_busy(model, drawing(1), *(drawing(1, person=person) for person in people))
    assert sorted(passes) == [2] * 2 * STEPS + [4] * STEPS
    plain = sample_pictures(model, ["a creature"], [1], STEPS, GUIDANCE)
    assert apart(found[0], plain) <= 1
    for person, one in zip(people, found[1:], strict=True):
        audience = Audience(attention, person.tokens_NU[None])
        expected = sample_pictures(model, ["a creature"], [1], STEPS, GUIDANCE, audience=audience)
        assert apart(one, expected) <= 1
        assert apart(one, plain) > 1


@pytest.mark.parametrize("other", [{"steps": STEPS + 1}, {"guidance": 1.5}])
def test_other_steps_or_guidance_are_a_pass_of_their_own(model: ImageModel, passes: list[int], other: dict):
    drawn_while_busy(model, drawing(1), drawing(1, **other))
    assert set(passes) == {2}


def test_a_pass_has_an_end(model: ImageModel, passes: list[int]):
    wanted = TOGETHER // 3 + 1
    found = drawn_while_busy(model, *(drawing(seed, seed + 1, seed + 2) for seed in range(wanted)))
    assert max(passes) == 2 * 3 * (TOGETHER // 3) <= 2 * TOGETHER
    assert [len(one) for one in found if isinstance(one, np.ndarray)] == [3] * wanted


def test_what_is_not_finite_fails_its_own_request_alone(model: ImageModel, passes: list[int]):
    broken = adapter(model, 3, size=float("inf"))
    bad, good = drawn_while_busy(model, drawing(1, lora=broken), drawing(1))
    assert passes == [4] * STEPS
    assert isinstance(bad, ServeError) and (bad.status, bad.code) == (500, "inference_failed")
    assert apart(good, sample_pictures(model, ["a creature"], [1], STEPS, GUIDANCE)) <= 1


def test_who_leaves_while_waiting_is_not_drawn_for(model: ImageModel, passes: list[int]):
    async def work(painter: Painter, free: threading.Event) -> None:
        leaving, staying = (asyncio.create_task(painter.draw(drawing(seed))) for seed in (1, 2))
        await asyncio.sleep(0)
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)
        assert painter.in_flight == 2  # who stays, and what holds the painter up
        free.set()
        assert len((await staying).pictures) == 1

    busy(model, work)
    assert passes == [2] * STEPS


def test_a_pass_ends_when_all_have_left(model: ImageModel, passes: list[int]):
    began, go_on = threading.Event(), threading.Event()

    def stop_at_first(*_: object) -> None:
        began.set()
        go_on.wait(60)

    hook = model.denoiser.register_forward_hook(stop_at_first)

    async def run() -> None:
        painter = Painter(model, None, 4)
        task = asyncio.create_task(painter.draw(drawing(1, steps=50)))
        await asyncio.to_thread(began.wait, 60)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        go_on.set()
        assert len((await painter.draw(drawing(2))).pictures) == 1
        await painter.stop()

    try:
        asyncio.run(run())
    finally:
        hook.remove()
    assert len(passes) == 1 + STEPS


def test_too_many_are_refused(model: ImageModel):
    async def work(painter: Painter, free: threading.Event) -> None:
        waiting = asyncio.create_task(painter.draw(drawing(1)))
        await asyncio.sleep(0)
        with pytest.raises(ServeError) as refusal:
            await painter.draw(drawing(2))
        assert (refusal.value.status, refusal.value.retry_after) == (503, 1)
        free.set()
        await waiting
        await painter.draw(drawing(2))

    busy(model, work, queue=2)

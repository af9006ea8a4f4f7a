"""The gates of pictures: what they measure, how they decide, and that company and memory change nothing."""

import math
from collections.abc import Sequence

import pytest
import torch
from device import DEVICE
from image.made_pictures import vote
from image.random_pipelines import PIPELINES

from prefloop.adapters.lora import Adapter, new_adapter
from prefloop.contracts import Example, GateBounds, Pair
from prefloop.gates.pictures import check_picture_gates
from prefloop.image.accuracy import (
    PictureScore,
    measure_picture_accuracy,
    measure_picture_displacement,
    score_pictures,
)
from prefloop.image.model import ImageModel
from prefloop.image.rows import PictureReader, PictureRow
from prefloop.text.reference_cache import ReferenceCache


def score(gains: Sequence[float], p: float = 1.0, caption: str = "a creature", weight: float = 1.0):
    """The first picture against each other one; the base is off by 2."""
    pairs = tuple(Pair(chosen=0, rejected=i, p=p, weight=weight) for i in range(1, len(gains)))
    row = PictureRow("h1", caption, ("",) * len(gains), pairs, (0.5,) * len(gains))
    return PictureScore(row, (2.0,) * len(gains), tuple(gains))


def test_accuracy_is_the_share_of_votes_that_the_gains_agree_with():
    scores = [score([0.2, 0.1]), score([0.1, 0.2]), score([0.1, 0.2], p=0.0), score([0.1, 0.1 + 1e-6])]
    measured = measure_picture_accuracy(scores)
    assert measured is not None and (measured.value, measured.n) == (2.5 / 4, 4)
    ranking = measure_picture_accuracy([score([0.2, 0.1, 0.3])])
    assert ranking is not None and (ranking.value, ranking.n) == (0.5, 1)


def test_the_interval_counts_captions_and_what_takes_no_side_is_left_out():
    alike = measure_picture_accuracy([score([0.2, 0.1])] * 10)
    apart = measure_picture_accuracy([score([0.2, 0.1], caption=str(n)) for n in range(10)])
    assert alike is not None and apart is not None and alike.low < apart.low
    assert measure_picture_accuracy([score([0.2, 0.1], p=0.5), score([0.2, 0.1], weight=0.0)]) is None


def test_displacement_is_the_rise_of_the_error_on_chosen_pictures_as_a_share():
    measured = measure_picture_displacement([score([-0.2, 0.5]), score([0.9, 0.1], p=0.0)])
    assert measured is not None and (measured.value, measured.n) == (pytest.approx((0.1 - 0.05) / 2), 2)
    assert measure_picture_displacement([score([1.0, 0.0], p=0.5)]) is None


def gates(scores: Sequence[PictureScore], seen: Sequence[PictureScore], **bounds: float):
    return {gate.name: gate for gate in check_picture_gates(scores, seen, GateBounds.model_validate(bounds))}


def test_bounds_decide():
    good, bad = [score([0.2, 0.1])], [score([-0.4, 0.1])]
    passed = gates(good, good, minAccuracy=0.6, maxDisplacement=0.1)
    assert [gate.passed for gate in passed.values()] == [True, True]
    failed = gates(bad, bad, minAccuracy=0.6, maxDisplacement=0.1)
    assert not failed["accuracy"].passed and "agrees with 0.000" in (failed["accuracy"].reason or "")
    assert not failed["displacement"].passed
    assert "rose by 20.0%, at most 10.0%" in (failed["displacement"].reason or "")
    broken = gates([score([math.nan, 0.1])], [score([math.nan, 0.1])], minAccuracy=0.6, maxDisplacement=0.1)
    assert [gate.passed for gate in broken.values()] == [False, False]


def test_without_held_out_votes_only_the_batch_itself_is_looked_at():
    measured = gates([], [score([0.2, 0.1])])
    assert measured["accuracy"].value is None and measured["accuracy"].passed
    assert measured["displacement"].value == pytest.approx(-0.1)
    assert not gates([], [score([0.2, 0.1])], minAccuracy=0.5)["accuracy"].passed


def test_a_bound_for_texts_is_not_met_by_pictures():
    assert set(gates([], [])) == {"accuracy", "displacement"}
    measured = gates([], [], maxKl=1.0, maxLengthRatio=2.0)
    assert not measured["kl"].passed and not measured["length"].passed
    assert "is measured of texts" in (measured["kl"].reason or "")


@pytest.fixture(scope="module", params=sorted(PIPELINES))
def model(request) -> ImageModel:
    return ImageModel(PIPELINES[request.param]().to(DEVICE), request.param)


def read(model: ImageModel, count: int) -> tuple[PictureReader, list[PictureRow]]:
    pictures: dict[str, bytes] = {}
    reader = PictureReader(model, pictures.__getitem__)
    bodies = [vote(n, pictures, 2 + n % 2, caption=f"creature {n % 3}") for n in range(count)]
    return reader, [reader.read(Example.model_validate(body), lambda _: []) for body in bodies]


def stirred(model: ImageModel, by: float) -> Adapter:
    adapter = new_adapter(model.layers, 2, 4, 0)
    with torch.no_grad():
        adapter.flat.add_(by * torch.randn(adapter.flat.shape, generator=torch.Generator().manual_seed(1)))
    return adapter


def test_what_changes_nothing_agrees_with_nobody_remembered_or_not(model: ImageModel):
    reader, rows = read(model, 3)
    cache = ReferenceCache("test")
    for some in (rows[:1], rows):
        scores = score_pictures(model, reader, cache, stirred(model, 0.0), some)
        measured = measure_picture_accuracy(scores)
        assert measured is not None and measured.value == 0.5


def test_a_score_depends_on_no_other_row(model: ImageModel):
    reader, rows = read(model, 10)
    adapter = stirred(model, 0.1)
    together = score_pictures(model, reader, ReferenceCache("test"), adapter, rows)
    alone = score_pictures(model, reader, ReferenceCache("test"), adapter, rows[9:])
    assert together[9].gains_k == pytest.approx(alone[0].gains_k, rel=1e-4, abs=1e-6)
    assert any(abs(gain) > 1e-3 for gain in alone[0].gains_k)


def test_what_the_base_is_off_by_is_remembered(model: ImageModel):
    reader, rows = read(model, 2)
    cache = ReferenceCache("test")
    first = score_pictures(model, reader, cache, stirred(model, 0.1), rows)
    assert len(cache) == 8 * 5
    again = score_pictures(model, reader, cache, stirred(model, 0.2), rows)
    assert [one.base_k for one in first] == [one.base_k for one in again] and len(cache) == 8 * 5

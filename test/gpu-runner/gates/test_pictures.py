"""Gates of an image model: what is measured, and what is refused."""

import torch

from prefloop.contracts import GateBounds, Pair
from prefloop.gates.pictures import check_picture_gates
from prefloop.image.accuracy import PictureScore
from prefloop.image.rows import PictureRow


def score(number: int, gains: list[float], p: float = 1.0) -> PictureScore:
    pair = Pair(chosen=0, rejected=1, p=p, weight=1.0)
    row = PictureRow(f"h{number:040x}", f"caption {number}", torch.zeros(2, 1, 1, 1), (pair,), (1.0, 0.0))
    return PictureScore(row, gains, [gain / 2 for gain in gains])


RIGHT, WRONG, TIE = [0.2, 0.1], [-0.3, 0.1], [0.1, 0.1]


def test_accuracy_is_the_share_of_votes_that_the_gains_agree_with():
    scores = [score(0, RIGHT), score(1, WRONG), score(2, TIE), score(3, WRONG, p=0.0), score(4, RIGHT, p=0.5)]
    accuracy, _ = check_picture_gates(scores, scores, GateBounds())
    assert (accuracy.name, accuracy.value, accuracy.n) == ("accuracy", 2.5 / 4, 4)
    assert accuracy.passed and accuracy.bound is None


def test_displacement_is_the_rise_of_the_error_on_chosen_pictures():
    _, displacement = check_picture_gates([], [score(0, RIGHT), score(1, WRONG)], GateBounds())
    assert displacement.name == "displacement"
    assert displacement.value is not None
    assert abs(displacement.value - (0.15 - 0.1) / 2) < 1e-9


def test_a_bound_that_is_broken_or_cannot_be_checked_is_not_passed():
    bounds = GateBounds.model_validate(
        {"minAccuracy": 0.9, "maxDisplacement": 0.01, "maxKl": 1, "maxLengthRatio": 2}
    )
    scores = [score(0, RIGHT), score(1, WRONG)]
    gates = check_picture_gates(scores, scores, bounds)
    assert [(gate.name, gate.passed) for gate in gates] == [
        ("accuracy", False),
        ("displacement", False),
        ("kl", False),
        ("length", False),
    ]
    assert gates[0].reason and "0.500" in gates[0].reason
    nothing = check_picture_gates([], [], bounds)
    assert [gate.value for gate in nothing] == [None] * 4
    assert not any(gate.passed for gate in nothing)

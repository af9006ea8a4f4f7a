"""Accuracy and displacement on constructed scores, and what a bound makes of them."""

import pytest

from prefloop.contracts import Pair
from prefloop.gates.accuracy import check_accuracy, measure_accuracy
from prefloop.gates.displacement import check_displacement, measure_displacement
from prefloop.gates.interval import mean_interval, share_interval
from prefloop.gates.scored import Scored


def row(
    rewards: list[float], *pairs: tuple[int, int, float, float], prompt: int = 0, length: int = 10
) -> Scored:
    chosen = [Pair(chosen=c, rejected=r, p=p, weight=w) for c, r, p, w in pairs or [(0, 1, 1.0, 1.0)]]
    return Scored((prompt,), chosen, [length] * len(rewards), rewards)


def test_accuracy_counts_the_preferences_whose_chosen_answer_gained_more():
    right, wrong = row([1.0, 0.0], prompt=1), row([-2.0, -1.0], prompt=2)
    measured = measure_accuracy([right, right, right, wrong])
    assert measured is not None
    assert measured.value == 0.75 and measured.n == 4
    assert measured.low < 0.75 < measured.high


def test_an_adapter_that_changes_nothing_scores_one_half():
    measured = measure_accuracy([row([0.0, 0.0]), row([3e-5, 0.0])])
    assert measured is not None and measured.value == 0.5


def test_votes_for_a_tie_have_no_side_and_a_label_below_one_half_turns_the_pair_round():
    assert measure_accuracy([row([1.0, 0.0], (0, 1, 0.5, 1.0))]) is None
    turned = measure_accuracy([row([1.0, 0.0], (0, 1, 0.2, 1.0))])
    assert turned is not None and turned.value == 0.0


def test_a_ranking_counts_once_and_its_pairs_by_weight():
    ranking = row([3.0, 1.0, 2.0], (0, 1, 1.0, 0.25), (0, 2, 1.0, 0.25), (1, 2, 1.0, 0.5))
    measured = measure_accuracy([ranking])
    assert measured is not None and measured.value == 0.5 and measured.n == 1


def test_many_votes_on_one_prompt_are_one_trial():
    same = measure_accuracy([row([1.0, 0.0], prompt=1)] * 20)
    different = measure_accuracy([row([1.0, 0.0], prompt=i) for i in range(20)])
    assert same is not None and different is not None
    assert same.low < 0.3
    assert different.low > 0.8


def test_wilson_interval_of_eight_in_ten():
    measured = share_interval([1.0] * 8 + [0.0] * 2, 10)
    assert (measured.low, measured.high) == pytest.approx((0.49015, 0.94331), abs=1e-4)


def test_interval_of_a_mean():
    measured = mean_interval([1.0, 2.0, 3.0, 4.0])
    assert (measured.value, measured.n) == (2.5, 4)
    assert measured.high - measured.value == pytest.approx(1.959964 * 1.2909944 / 2, rel=1e-6)


def test_displacement_is_the_fall_per_token_of_what_was_chosen():
    fell = measure_displacement([row([-5.0, -50.0], length=10), row([1.0, 9.0], length=5)])
    assert fell is not None and fell.value == pytest.approx((0.5 - 0.2) / 2) and fell.n == 2


@pytest.mark.parametrize(("bound", "passed"), [(None, True), (0.75, True), (0.76, False)])
def test_the_accuracy_bound_is_on_the_value(bound: float | None, passed: bool):
    gate = check_accuracy([row([1.0, 0.0])] * 3 + [row([0.0, 1.0])], bound)
    assert gate.passed is passed and gate.bound == bound
    assert (gate.reason is None) is passed


@pytest.mark.parametrize(("bound", "passed"), [(None, True), (0.31, True), (0.29, False)])
def test_the_displacement_bound_is_on_the_value(bound: float | None, passed: bool):
    gate = check_displacement([row([-3.0, 0.0], length=10)], bound)
    assert gate.value == pytest.approx(0.3) and gate.passed is passed


def test_a_gain_is_never_a_displacement():
    assert check_displacement([row([30.0, 0.0])], 0.01).passed


def test_what_cannot_be_measured_passes_only_where_nothing_is_asked():
    assert check_accuracy([], None).passed
    gate = check_accuracy([], 0.6)
    assert gate.value is None and not gate.passed
    assert gate.reason is not None and "no held-out preference" in gate.reason

"""How far a preference goes as a mixture weight."""

import numpy as np
import pytest

from prefloop.taste.calibrate import Bounds, Calibration, Measured, calibrate, mixture_weights


def measure(tried: Calibration) -> Measured:
    """Stronger wins more often and breaks more replies."""
    return Measured(0.5 + 0.1 * tried.strength, 1 - 0.1 * tried.strength, 1.0 + tried.strength)


def test_the_one_that_wins_most_within_the_bounds_is_chosen():
    found, tried = calibrate(measure, [0.5, 1.0, 2.0, 4.0], [1.5], Bounds(0.75, 10.0))
    assert found == Calibration(2.0, 1.5) and len(tried) == 4


def test_replies_that_get_twice_as_long_are_out():
    found, _ = calibrate(measure, [0.5, 1.0, 2.0], [1.5], Bounds(0.0))
    assert found.strength == 1.0


def test_a_basis_that_breaks_replies_at_any_strength_is_refused():
    with pytest.raises(ValueError, match=r"at best 0\.900 are"):
        calibrate(measure, [1.0, 2.0], [1.5], Bounds(0.95))


def test_weights_are_scaled_and_held_as_the_edge_does():
    assert mixture_weights(np.array([0.2, -0.1]), Calibration(2.0, 1.5)) == pytest.approx([0.4, -0.2])
    assert mixture_weights(np.array([2.0, -1.0]), Calibration(1.0, 1.5)) == pytest.approx([1.0, -0.5])
    assert mixture_weights(np.zeros(2), Calibration(1.0, 1.5)) == [0.0, 0.0]

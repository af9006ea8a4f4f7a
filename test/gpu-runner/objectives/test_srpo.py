import pytest
import torch

from prefloop.objectives.srpo import RevisionLogRatios, srpo


def ratios(values: torch.Tensor) -> RevisionLogRatios:
    """(6, B) log-ratios in the order of the fields."""
    return RevisionLogRatios(*values)


@pytest.mark.parametrize("alpha", [0.0, 0.3, 1.0])
def test_a_quarter_at_the_reference(alpha: float):
    assert srpo(ratios(torch.zeros(6, 3)), 0.1, alpha).losses_B.tolist() == [0.25] * 3


def test_gradients_are_those_of_finite_differences():
    torch.manual_seed(0)
    values = torch.randn(6, 4, dtype=torch.float64, requires_grad=True)
    p, weight = torch.tensor([1.0, 0.5, 0.8, 0.0]).double(), torch.tensor([1.0, 0.2, 2.0, 1.0]).double()
    assert torch.autograd.gradcheck(lambda x: srpo(ratios(x), 0.3, 0.4, p, weight, 0.1).losses_B, (values,))


def test_both_terms_are_zero_where_the_identities_hold():
    """h⁺(w|l) - h⁺(l|l) = h⁺(w|w) - h⁺(l|w) = 1/(2β), and the joint bracket = 1/β."""
    beta, half = 0.2, 1 / (2 * 0.2)
    # h_w, h_l, h⁺(w|l), h⁺(l|w), h⁺(l|l), h⁺(w|w)
    values = torch.tensor([half, 0.0, half, 0.0, 0.0, half])[:, None]
    losses = srpo(ratios(values), beta, 0.5)
    assert losses.joint_B.item() == pytest.approx(0) and losses.improvement_B.item() == pytest.approx(0)


def test_a_tie_is_best_at_the_reference():
    values = torch.zeros(6, 1, requires_grad=True)
    losses = srpo(ratios(values), 0.5, 0.5, p_B=torch.tensor([0.5])).losses_B
    losses.sum().backward()
    assert losses.item() == 0 and values.grad.abs().max() == 0


@pytest.mark.parametrize(("beta", "alpha"), [(0.0, 0.5), (0.1, -0.1), (0.1, 1.1)])
def test_values_outside_are_refused(beta: float, alpha: float):
    with pytest.raises(ValueError):
        srpo(ratios(torch.zeros(6, 1)), beta, alpha)

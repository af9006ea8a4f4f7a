"""Log-probs and slopes of scored tokens, against a float64 log-softmax over the whole vocabulary."""

import pytest
import torch

from prefloop.text import scored_logps as module
from prefloop.text.scored_logps import scored_logps
from prefloop.text.trunk import Head

VOCABULARY, HIDDEN, ROWS, SCORED = 1500, 24, 40, 130
HEADS = {
    "plain": {},
    "bias": {"bias": True},
    "scaled": {"scale": 0.3},
    "capped": {"cap": 5.0},
    "capped, scaled, biased": {"cap": 3.0, "scale": 2.0, "bias": True},
}


@pytest.fixture(autouse=True)
def small_tiles(monkeypatch):
    """Several tiles of the vocabulary and several blocks of rows, as with a real head."""
    monkeypatch.setitem(module.TILE, "cpu", 1 << 14)
    monkeypatch.setattr(module, "ROWS", 50)


def head_of(bias: bool = False, scale: float = 1.0, cap: float | None = None, dtype=torch.float32) -> Head:
    generator = torch.Generator().manual_seed(1)
    weight = torch.randn(VOCABULARY, HIDDEN, generator=generator)
    offset = torch.randn(VOCABULARY, generator=generator) if bias else None
    return Head(weight.to(dtype), None if offset is None else offset.to(dtype), scale, cap)


def drawn(dtype=torch.float32) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    hidden = torch.randn(ROWS, HIDDEN, generator=generator).to(dtype).requires_grad_()
    rows = torch.randint(0, ROWS, (SCORED,), generator=generator)
    return hidden, rows, torch.randint(0, VOCABULARY, (SCORED,), generator=generator)


def exact(hidden: torch.Tensor, head: Head, rows: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    logits = hidden[rows] @ head.weight.double().t()
    logits = logits if head.bias is None else logits + head.bias.double()
    logits = logits * head.scale
    logits = logits if head.cap is None else head.cap * torch.tanh(logits / head.cap)
    return torch.log_softmax(logits, -1).gather(1, targets[:, None])[:, 0]


@pytest.mark.parametrize("name", HEADS)
def test_log_probs_and_gradients_are_those_of_a_full_softmax(name):
    hidden, rows, targets = drawn()
    head = head_of(**HEADS[name])
    logps = scored_logps(hidden, head, rows, targets)
    doubled = hidden.detach().double().requires_grad_()
    expected = exact(doubled, head, rows, targets)
    torch.testing.assert_close(logps.double(), expected, atol=2e-5, rtol=1e-6)

    weights = torch.linspace(-1, 1, SCORED)
    (logps * weights).sum().backward()
    (expected * weights).sum().backward()
    torch.testing.assert_close(hidden.grad.double(), doubled.grad, atol=1e-5, rtol=1e-5)


def test_no_grad_gives_the_very_same_numbers():
    hidden, rows, targets = drawn()
    head = head_of()
    with torch.no_grad():
        alone = scored_logps(hidden, head, rows, targets)
    assert torch.equal(alone, scored_logps(hidden, head, rows, targets))


def test_a_probability_too_small_for_fp32_still_has_its_logarithm():
    hidden, rows, targets = drawn()
    head = head_of(scale=40.0)
    logps = scored_logps(hidden * 3, head, rows, targets)
    expected = exact((hidden * 3).double(), head, rows, targets)
    assert expected.min() < -1000
    torch.testing.assert_close(logps.double(), expected, atol=1e-2, rtol=1e-5)


def test_a_bf16_head_loses_what_bf16_inputs_lose_and_no_more():
    hidden, rows, targets = drawn(torch.bfloat16)
    head = head_of(dtype=torch.bfloat16)
    logps = scored_logps(hidden, head, rows, targets)
    assert logps.dtype == torch.float32
    doubled = hidden.detach().double().requires_grad_()
    expected = exact(doubled, head, rows, targets)
    # a logit of 16 has a last place of 1/8 in bf16
    assert (logps.double() - expected).abs().max() < 0.1
    logps.sum().backward()
    expected.sum().backward()
    assert (hidden.grad.double() - doubled.grad).norm() < 0.02 * doubled.grad.norm()


def test_a_head_row_is_multiplied_twice_and_never_again_in_the_backward(monkeypatch):
    hidden, rows, targets = drawn()
    logps = scored_logps(hidden, head_of(), rows, targets)

    def refuse(*_):
        raise AssertionError("the backward ran the head")

    monkeypatch.setattr(Head, "logits", refuse)
    logps.sum().backward()
    assert hidden.grad.abs().sum() > 0

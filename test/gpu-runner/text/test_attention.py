"""Segments of a packed row: the CPU's products, torch's own kernel and FlexAttention see the same and learn the same."""

import pytest
import torch

from prefloop.text import attention
from prefloop.text.attention import PackedAttention
from prefloop.text.flex_attention import block_mask, flex_attend, usable
from prefloop.text.packing import pack

# With a beginning that three prompts share.
PACKED = pack(
    [
        ([1, 2, 3], [[4, 5], [6, 7, 8, 9]]),
        ([9] * 40, [[4] * 50, [6]]),
        ([9] * 40 + [1, 2] * 9, [[6], [5, 5]]),
        ([9] * 40 + [1, 2] * 9 + [3], [[6, 7]]),
        ([5], [[9, 9, 9]]),
    ],
    shared=[0, 40, 40, 40, 0],
)
HEADS = {"every head its keys": (4, 4), "two heads share keys": (4, 2), "all share": (3, 1)}


def drawn(heads: int, kv_heads: int, dtype=torch.float32, size: int = 16, device="cpu") -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    shapes = [(1, n, PACKED.tokens, size) for n in (heads, kv_heads, kv_heads)]
    return [torch.randn(s, generator=generator).to(device, dtype).requires_grad_() for s in shapes]


def attend(
    tensors: list[torch.Tensor], window: int | None = None, scale: float | None = None
) -> torch.Tensor:
    return PackedAttention(PACKED.segments).attend(torch.nn.Identity(), *tensors, scale, window)


def gradients(out: torch.Tensor, tensors: list[torch.Tensor]) -> tuple[torch.Tensor, ...]:
    weights = torch.linspace(-1, 1, out.numel(), dtype=out.dtype, device=out.device).view(out.shape)
    return torch.autograd.grad((out * weights).sum(), tensors)


def text_by_text(tensors: list[torch.Tensor], window: int | None, scale: float) -> torch.Tensor:
    """Every completion with its prompt before it, as one plain causal text of its own."""
    query, key, value = tensors
    group = query.shape[1] // key.shape[1]
    out = torch.zeros(PACKED.tokens, query.shape[1], value.shape[-1], dtype=query.dtype)
    for segment in PACKED.segments:
        rows = list(range(segment.start, segment.stop))
        before = [row for part in segment.path[:-1] for row in range(part.start, part.stop)]
        q = query[0, :, before + rows]
        k, v = (x[0, :, before + rows].repeat_interleave(group, 0) for x in (key, value))
        at = torch.arange(len(before) + len(rows))
        seen = at[None, :] <= at[:, None]
        if window is not None:
            seen &= at[:, None] - at[None, :] < window
        scores = (q @ k.transpose(1, 2) * scale).masked_fill(~seen, float("-inf"))
        out[rows] = (torch.softmax(scores, -1) @ v)[:, len(before) :].transpose(0, 1)
    return out[None]


@pytest.mark.parametrize("window", [None, 4])
@pytest.mark.parametrize("heads", HEADS)
def test_a_packed_row_attends_as_its_texts_do_one_by_one(heads, window):
    assert max(len(segment.path) for segment in PACKED.segments) == 3
    tensors = drawn(*HEADS[heads])
    ours, theirs = attend(tensors, window, 0.3), text_by_text(tensors, window, 0.3)
    torch.testing.assert_close(ours, theirs, atol=2e-6, rtol=1e-5)
    for mine, other in zip(gradients(ours, tensors), gradients(theirs, tensors), strict=True):
        torch.testing.assert_close(mine, other, atol=5e-6, rtol=1e-5)


@pytest.mark.parametrize("window", [None, 4])
@pytest.mark.parametrize("heads", HEADS)
def test_long_texts_go_through_torchs_kernel_to_the_same_numbers(heads, window, monkeypatch):
    tensors = drawn(*HEADS[heads])
    short = attend(tensors, window)
    monkeypatch.setattr(attention, "SHORT", 0)
    long = attend(tensors, window)
    torch.testing.assert_close(long, short, atol=2e-6, rtol=1e-5)
    for mine, other in zip(gradients(long, tensors), gradients(short, tensors), strict=True):
        torch.testing.assert_close(mine, other, atol=5e-6, rtol=1e-5)


def test_bf16_rounds_probabilities_and_not_scores():
    tensors = drawn(4, 2)
    rough = [t.detach().bfloat16().requires_grad_() for t in tensors]
    exact = text_by_text([t.float() for t in rough], None, 0.25)
    torch.testing.assert_close(attend(rough).float(), exact, atol=0.02, rtol=0.02)
    for mine, other in zip(gradients(attend(rough), rough), gradients(exact, rough), strict=True):
        assert (mine - other).float().norm() < 0.02 * other.float().norm()


@pytest.mark.filterwarnings("ignore:flex_attention called without torch.compile")
@pytest.mark.parametrize("window", [None, 4])
@pytest.mark.parametrize("heads", HEADS)
def test_flex_attention_uncompiled_sees_what_the_segments_see(heads, window):
    tensors = [t.detach() for t in drawn(*HEADS[heads])]
    mask = block_mask(PACKED.segments, window, torch.device("cpu"))
    ours = attend(tensors, window)
    torch.testing.assert_close(flex_attend(*tensors, mask, None), ours, atol=2e-6, rtol=1e-5)


@pytest.mark.skipif(
    not torch.cuda.is_available(), reason="FlexAttention is compiled for a GPU, and there is none"
)
@pytest.mark.parametrize("window", [None, 4])
@pytest.mark.parametrize("heads", HEADS)
def test_flex_attention_compiled_is_torchs_kernel_text_by_text(heads, window, monkeypatch):
    tensors = drawn(*HEADS[heads], size=32, device="cuda")
    assert usable(*tensors)
    flex = attend(tensors, window)
    monkeypatch.setattr(attention, "usable", lambda *_: False)
    plain = attend(tensors, window)
    torch.testing.assert_close(flex, plain, atol=1e-4, rtol=1e-4)
    for mine, other in zip(gradients(flex, tensors), gradients(plain, tensors), strict=True):
        torch.testing.assert_close(mine, other, atol=1e-3, rtol=1e-3)

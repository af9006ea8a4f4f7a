"""The decoder layers of Llama-shaped models as one differentiable function each, for packed runs on a CPU.

transformers' own layers are exact and stay in use for everything else; beside the matrix products they make some sixty
passes over memory and as many nodes of a graph per layer, which on a CPU is a third of a bf16 step. Here what the
backward wants is kept or recomputed on purpose, and nothing is computed for frozen weights.

Shapes: T rows · H hidden · F intermediate · Q query heads, K key heads · d head features.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import silu
from transformers import PreTrainedModel

from prefloop.adapters.adapted_linear import (
    AdaptedLinear,
    Range,
    Rows,
    masters,
    product,
    product_backward,
    row_ranges,
)
from prefloop.text.elementwise import gate_backward, rms_norm, rms_norm_backward, rotate, turned_back
from prefloop.text.packing import Packed, Segment
from prefloop.text.segment_attention import MaskOf, attend_segments, attend_segments_backward

_SHAPED = ("LlamaModel", "MistralModel", "Qwen2Model")
_PRODUCTS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


@dataclass(frozen=True, eq=False)
class _Layer:
    """What one layer is made of, by the names that the models share."""

    products: dict[str, AdaptedLinear]
    before_attention: Tensor
    before_mlp: Tensor
    eps: float
    head_size: int
    scale: float
    window: int | None


@dataclass(frozen=True, eq=False)
class _Run:
    """What all layers of one run have in common."""

    segments: tuple[Segment, ...]
    cos_T1d: Tensor
    sin_T1d: Tensor
    back_T1d: Tensor


class LlamaLayers:
    def __init__(self, body: Any):
        self.body = body
        self.layers = [_read(layer) for layer in body.layers]

    @staticmethod
    def fit(model: PreTrainedModel, body: nn.Module) -> bool:
        """Whether this model's layers are of the shape that is computed here."""
        return type(body).__name__ in _SHAPED and model.config.hidden_act == "silu"

    def hidden(self, packed: Packed, rows: Rows, mask_of: Callable[[int | None], MaskOf]) -> Tensor:
        """Last hidden states [T, H], after the final norm. mask_of: the masks for a sliding window, or none."""
        x_TH = self.body.embed_tokens(packed.ids_T)
        cos, sin = self.body.rotary_emb(x_TH[None], packed.positions_T[None])
        cos_T1d, sin_T1d = cos[0, :, None], sin[0, :, None]
        run = _Run(packed.segments, cos_T1d, sin_T1d, turned_back(sin_T1d))
        masks = {window: mask_of(window) for window in {layer.window for layer in self.layers}}
        for layer in self.layers:
            ranges = {
                name: row_ranges(rows, part.path, packed.tokens, x_TH.dtype)
                for name, part in layer.products.items()
            }
            parameters = [p for name in _PRODUCTS for p in masters(ranges[name])]
            x_TH = _LlamaLayer.apply(x_TH, layer, run, masks[layer.window], ranges, *parameters)
        return self.body.norm(x_TH)


def _read(layer: Any) -> _Layer:
    attention, mlp = layer.self_attn, layer.mlp
    products = {name: getattr(attention if name in _PRODUCTS[:4] else mlp, name) for name in _PRODUCTS}
    return _Layer(
        products,
        layer.input_layernorm.weight,
        layer.post_attention_layernorm.weight,
        layer.input_layernorm.variance_epsilon,
        attention.head_dim,
        attention.scaling,
        # Qwen2 decides layer by layer, Mistral once for all
        attention.sliding_window
        if hasattr(attention, "sliding_window")
        else getattr(attention.config, "sliding_window", None),
    )


class _LlamaLayer(torch.autograd.Function):
    """inputs: x [T, H], the layer, the run, its masks, the ranges of each product, and the ranges' masters in order."""

    @staticmethod
    def forward(
        ctx: Any,
        x_TH: Tensor,
        layer: _Layer,
        run: _Run,
        mask_of: MaskOf,
        ranges: dict[str, list[Range]],
        *masters: nn.Parameter,
    ) -> Tensor:
        low: dict[str, list[Tensor]] = {}

        def through(name: str, x: Tensor) -> Tensor:
            y, low[name] = product(x, layer.products[name], ranges[name])
            return y

        heads = (x_TH.shape[0], -1, layer.head_size)
        normed_TH = rms_norm(x_TH, layer.before_attention, layer.eps)
        q_TQd = rotate(through("q_proj", normed_TH).view(heads), run.cos_T1d, run.sin_T1d)
        k_TKd = rotate(through("k_proj", normed_TH).view(heads), run.cos_T1d, run.sin_T1d)
        v_TKd = through("v_proj", normed_TH).view(heads)
        attended_TQd, probs = attend_segments(q_TQd, k_TKd, v_TKd, run.segments, mask_of, layer.scale)
        middle_TH = through("o_proj", attended_TQd.flatten(1)).add_(x_TH)

        normed_TH = rms_norm(middle_TH, layer.before_mlp, layer.eps)
        gate_TF, up_TF = through("gate_proj", normed_TH), through("up_proj", normed_TH)
        y_TH = through("down_proj", silu(gate_TF).mul_(up_TF)).add_(middle_TH)

        ctx.layer, ctx.run, ctx.ranges = layer, run, ranges
        ctx.save_for_backward(
            *(x_TH, q_TQd, k_TKd, v_TKd, attended_TQd, middle_TH, gate_TF, up_TF),
            *probs,
            *(t for name in _PRODUCTS for t in low[name]),
        )
        return y_TH

    @staticmethod
    def backward(ctx: Any, dy_TH: Tensor) -> tuple:
        layer, run, ranges = ctx.layer, ctx.run, ctx.ranges
        x_TH, q_TQd, k_TKd, v_TKd, attended_TQd, middle_TH, gate_TF, up_TF, *rest = ctx.saved_tensors
        probs, rest = rest[: len(run.segments)], iter(rest[len(run.segments) :])
        low = {name: [next(rest) for _ in ranges[name]] for name in _PRODUCTS}
        grads: dict[str, list[Tensor | None]] = {}

        def back(name: str, dy: Tensor, x: Tensor, into: Tensor | None = None, need_x: bool = True) -> Tensor:
            part = layer.products[name]
            dx, grads[name] = product_backward(dy, x, part, ranges[name], low[name], into, need_x)
            return dy if dx is None else dx

        silu_TF = silu(gate_TF)
        dactive_TF = back("down_proj", dy_TH, silu_TF * up_TF)
        dgate_TF, dup_TF = gate_backward(dactive_TF, gate_TF, up_TF, silu_TF)
        normed_TH = rms_norm(middle_TH, layer.before_mlp, layer.eps)
        dnormed_TH = back("gate_proj", dgate_TF, normed_TH)
        dnormed_TH = back("up_proj", dup_TF, normed_TH, dnormed_TH)
        dmiddle_TH = rms_norm_backward(dnormed_TH, middle_TH, layer.before_mlp, layer.eps, dy_TH)

        dattended_TQd = back("o_proj", dmiddle_TH, attended_TQd.flatten(1)).view(attended_TQd.shape)
        dq_TQd, dk_TKd, dv_TKd = attend_segments_backward(
            dattended_TQd, q_TQd, k_TKd, v_TKd, probs, run.segments, layer.scale
        )
        dq_TQd, dk_TKd = (rotate(d, run.cos_T1d, run.back_T1d) for d in (dq_TQd, dk_TKd))
        normed_TH = rms_norm(x_TH, layer.before_attention, layer.eps)
        need_x = ctx.needs_input_grad[0]
        dnormed_TH = back("q_proj", dq_TQd.flatten(1), normed_TH, None, need_x)
        for name, d in (("k_proj", dk_TKd), ("v_proj", dv_TKd)):
            back(name, d.flatten(1), normed_TH, dnormed_TH if need_x else None, need_x)
        dx_TH = None
        if need_x:
            dx_TH = rms_norm_backward(dnormed_TH, x_TH, layer.before_attention, layer.eps, dmiddle_TH)
        return dx_TH, None, None, None, None, *(g for name in _PRODUCTS for g in grads[name])

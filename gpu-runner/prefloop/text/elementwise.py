"""The parts of a Llama-shaped layer that are not products, in few passes over memory, with their gradients.

Each gives what transformers' modules give, to rounding. Norms and the gate's gradient are computed in fp32 whatever the
run's type. Shapes: T rows · H hidden · F intermediate · Q heads · d head features.
"""

import torch
from torch import Tensor


def rms_norm(x_TH: Tensor, weight_H: Tensor, eps: float) -> Tensor:
    """w · x / √(mean x² + eps)."""
    return torch.mul(x_TH, _inverse_rms(x_TH, eps), out=torch.empty_like(x_TH)).mul_(weight_H)


def rms_norm_backward(dy_TH: Tensor, x_TH: Tensor, weight_H: Tensor, eps: float, add_TH: Tensor) -> Tensor:
    """d rms_norm / dx applied to dy, plus `add_TH` (what reaches x past the norm)."""
    scale_T1 = _inverse_rms(x_TH, eps)
    dnormed_TH = dy_TH.float() * weight_H.float()
    x32_TH = x_TH.float()
    along_T1 = torch.linalg.vecdot(dnormed_TH, x32_TH)[:, None]
    dx_TH = torch.addcmul(add_TH.float(), dnormed_TH, scale_T1)
    return dx_TH.addcmul_(x32_TH, along_T1 * scale_T1.pow(3), value=-1 / x_TH.shape[1]).to(x_TH.dtype)


def _inverse_rms(x_TH: Tensor, eps: float) -> Tensor:
    norm_T1 = torch.linalg.vector_norm(x_TH, dim=1, keepdim=True, dtype=torch.float32)
    return norm_T1.square_().div_(x_TH.shape[1]).add_(eps).rsqrt_()


def rotate(x_TQd: Tensor, cos_T1d: Tensor, sin_T1d: Tensor) -> Tensor:
    """Rotary positions: x · cos + (-x₂, x₁) · sin, x₁ and x₂ the halves of the features."""
    half = x_TQd.shape[2] // 2
    out_TQd = x_TQd * cos_T1d
    out_TQd[..., :half].addcmul_(x_TQd[..., half:], sin_T1d[..., :half], value=-1)
    out_TQd[..., half:].addcmul_(x_TQd[..., :half], sin_T1d[..., half:])
    return out_TQd


def turned_back(sin_T1d: Tensor) -> Tensor:
    """The sine with which `rotate` gives its own gradient."""
    half = sin_T1d.shape[2] // 2
    return -torch.cat((sin_T1d[..., half:], sin_T1d[..., :half]), 2)


def gate_backward(
    dactive_TF: Tensor, gate_TF: Tensor, up_TF: Tensor, silu_TF: Tensor
) -> tuple[Tensor, Tensor]:
    """(d gate, d up) of silu(gate) · up. Overwrites `dactive_TF` and `silu_TF` = silu(gate)."""
    dup_TF = silu_TF.mul_(dactive_TF)
    return torch.ops.aten.silu_backward(dactive_TF.mul_(up_TF), gate_TF), dup_TF

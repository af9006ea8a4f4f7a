"""Matrix products with frozen weights, by the fastest exact kernel the machine has.

torch sends fp32 products on a CPU to MKL, which leaves half of an AMD core's vector width unused; oneDNN does not,
and is level with it elsewhere. Both compute in fp32 throughout; they differ in the order of summation only.
"""

import platform

import torch
from torch import Tensor

_ONEDNN = torch.backends.mkldnn.is_available() and platform.machine() in ("x86_64", "AMD64")


def linear(x_TI: Tensor, weight_OI: Tensor, bias_O: Tensor | None = None) -> Tensor:
    """x Wᵀ + b: [T, I] and [O, I] (any strides) to [T, O]. Not differentiable: for use inside autograd functions."""
    if _ONEDNN and x_TI.device.type == "cpu" and x_TI.dtype == torch.float32:
        return torch.ops.mkldnn._linear_pointwise(x_TI, weight_OI, bias_O, "none", [], "")
    return torch.nn.functional.linear(x_TI, weight_OI, bias_O)


def linear_add(x_TI: Tensor, weight_OI: Tensor, other_TO: Tensor) -> Tensor:
    """x Wᵀ + other, in one pass over the result."""
    if _ONEDNN and x_TI.device.type == "cpu" and x_TI.dtype == torch.float32:
        return torch.ops.mkldnn._linear_pointwise.binary(x_TI, other_TO, weight_OI, None, "add")
    return torch.addmm(other_TO, x_TI, weight_OI.t())

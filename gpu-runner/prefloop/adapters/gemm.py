"""The fastest exact fp32 matrix products of a CPU.

torch hands fp32 products to MKL, which leaves half of an AMD core's vector width unused. Allowed to lower the
precision, torch asks oneDNN instead, and oneDNN only knows how to lower it on cores with matrix tiles (AMX): on any
other x86 core it computes in fp32 throughout, at twice MKL's speed on AMD and the same elsewhere. So the permission is
given where a trial shows that nothing is lost by it.
"""

import platform
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import torch
from torch import Tensor


@cache
def use_exact_products() -> bool:
    """Let this process use oneDNN for fp32 products where they stay exact; tells whether it does.

    Called by whatever loads a model on a CPU; the first call decides.
    """
    backend: Any = torch.backends.mkldnn
    if not backend.is_available() or platform.machine() not in ("x86_64", "AMD64"):
        return False
    before = backend.matmul.fp32_precision
    if torch.cpu._is_amx_tile_supported():
        return False
    backend.matmul.fp32_precision = "bf16"
    if _exact():
        return True
    backend.matmul.fp32_precision = before
    return False


@contextmanager
def strided_products() -> Iterator[None]:
    """Within, fp32 products go to MKL, which takes strided inputs as they lie; oneDNN would copy them first."""
    if not use_exact_products():
        yield
        return
    backend: Any = torch.backends.mkldnn
    backend.matmul.fp32_precision = "ieee"
    try:
        yield
    finally:
        backend.matmul.fp32_precision = "bf16"


def _exact() -> bool:
    generator = torch.Generator().manual_seed(0)
    draw = lambda *shape: torch.randn(*shape, generator=generator)
    for rows, inner, columns in ((1, 64, 64), (48, 16, 33), (300, 400, 500), (7, 4096, 64)):
        a, b = draw(rows, inner), draw(inner, columns)
        bias = draw(rows, columns)
        batch_a, batch_b = draw(3, rows, inner), draw(3, inner, columns)
        for got, exact in (
            (a @ b, a.double() @ b.double()),
            (torch.addmm(bias, a, b), bias.double() + a.double() @ b.double()),
            (torch.bmm(batch_a, batch_b), batch_a.double() @ batch_b.double()),
        ):
            if _error(got, exact) > 3e-6:  # bf16 inputs give 3e-3
                return False
    return True


def _error(got: Tensor, exact: Tensor) -> float:
    return ((got.double() - exact).norm() / exact.norm()).item()

"""Products stay exact in fp32 whichever library computes them."""

import pytest
import torch

from prefloop.adapters.gemm import use_exact_products

SHAPES = [(1, 32, 500), (7, 500, 33), (130, 16, 700), (640, 384, 384), (64, 3000, 48)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_fp32_products_lose_what_fp32_loses_and_no_more(shape):
    use_exact_products()
    rows, inner, columns = shape
    generator = torch.Generator().manual_seed(0)
    a, b = torch.randn(rows, inner, generator=generator), torch.randn(inner, columns, generator=generator)
    exact = a.double() @ b.double()
    bound = 1e-6 * (a.double().norm(dim=1)[:, None] * b.double().norm(dim=0))
    for got in (
        a @ b,
        torch.nn.functional.linear(a, b.t()),
        (b.t() @ a.t()).t(),
        torch.bmm(a[None], b[None])[0],
    ):
        assert ((got.double() - exact).abs() <= bound).all()


def test_the_decision_is_made_once():
    assert use_exact_products() is use_exact_products()

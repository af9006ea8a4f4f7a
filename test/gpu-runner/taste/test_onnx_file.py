"""The file for the edge says what the network says, by ONNX's own reference evaluator."""

import io
from dataclasses import replace

import numpy as np
import onnx
import pytest
import torch
from onnx.reference import ReferenceEvaluator
from torch import nn

from prefloop.taste.onnx_file import write_onnx
from prefloop.taste.set_encoder import SetEncoder, SetEncoderShape

SHAPE = SetEncoderShape(feature_size=12, tokens=3, width=5, hidden=24, rounds=2)
# What the edge lets in (worker/encoder), no more than this is needed.
OPERATORS = {
    *("MatMul", "Add", "Sub", "Mul", "Div", "Relu", "Concat", "ReduceSum", "Unsqueeze", "Split", "Reshape"),
    *("Softplus", "Neg", "Exp", "Squeeze", "Identity"),
}


def new_encoder(shape: SetEncoderShape = SHAPE) -> SetEncoder:
    torch.manual_seed(3)
    encoder = SetEncoder(shape)
    with torch.no_grad():
        encoder.prior_E.normal_()
        encoder.standardise(3 * torch.randn(50, shape.feature_size) + 1)
        for layer in encoder.moves:
            assert isinstance(layer, nn.Linear)
            layer.weight.normal_(std=0.3)
    return encoder.eval().requires_grad_(False)


# What is read of few features is folded into what looks at it; of many it is not.
@pytest.mark.parametrize("shape", [SHAPE, replace(SHAPE, rounds=1), replace(SHAPE, feature_size=60)])
def test_it_says_what_the_network_says(shape: SetEncoderShape) -> None:
    encoder = new_encoder(shape)
    session = ReferenceEvaluator(onnx.load(io.BytesIO(write_onnx(encoder))))
    rng = np.random.default_rng(11)
    for seed in range(40):
        count = 1 + seed % 16
        chosen, rejected = rng.normal(1, 3, (2, 1, count, shape.feature_size)).astype(np.float32)
        weight = rng.choice([0.25, 1.0], (1, count)).astype(np.float32)
        embedding, uncertainty = session.run(None, {"chosen": chosen, "rejected": rejected, "weight": weight})
        tokens, unsure = encoder.embed(*map(torch.from_numpy, (chosen, rejected, weight)))
        np.testing.assert_allclose(embedding, tokens.numpy(), rtol=0, atol=1e-5)
        np.testing.assert_allclose(uncertainty, unsure.numpy(), rtol=0, atol=1e-5)


def test_equal_weights_give_equal_bytes_and_few_operators() -> None:
    content = write_onnx(new_encoder())
    assert write_onnx(new_encoder()) == content
    model = onnx.load(io.BytesIO(content))
    assert {node.op_type for node in model.graph.node} <= OPERATORS
    assert [one.name for one in model.graph.input] == ["chosen", "rejected", "weight"]
    assert [one.name for one in model.graph.output] == ["embedding", "uncertainty"]

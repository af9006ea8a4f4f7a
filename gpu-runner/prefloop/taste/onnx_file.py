"""The set encoder as ONNX, for the edge: the same numbers from the same weights.

Written node by node rather than traced: the file then depends on the weights alone, and holds only operators that the
edge allows. Inputs: `chosen`, `rejected` (1, V, F) and `weight` (1, V), fp32, V at least 1. Outputs: `embedding` (1, N, U)
and `uncertainty` (1,).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from prefloop.taste.set_encoder import SetEncoder

FILE = "encoder.onnx"
OPSET, IR_VERSION = 17, 8


class _Graph:
    """Nodes and constants as they are added; each is named after its place."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[TensorProto] = []

    def add(self, kind: str, *inputs: str, outputs: int = 1, **attributes: Any) -> list[str]:
        names = [f"{kind.lower()}{len(self.nodes)}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(kind, list(inputs), names, **attributes))
        return names

    def one(self, kind: str, *inputs: str, **attributes: Any) -> str:
        return self.add(kind, *inputs, **attributes)[0]

    def constant(self, value: Tensor | np.ndarray) -> str:
        array = value.detach().float().cpu().numpy() if isinstance(value, Tensor) else value
        name = f"constant{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def integers(self, *values: int) -> str:
        return self.constant(np.array(values, np.int64))

    def linear(self, x: str, weight_OI: Tensor, bias_O: Tensor | None = None) -> str:
        y = self.one("MatMul", x, self.constant(weight_OI.T))
        return y if bias_O is None else self.one("Add", y, self.constant(bias_O))

    def layer(self, x: str, layer: nn.Module) -> str:
        assert isinstance(layer, nn.Linear)
        return self.linear(x, layer.weight, layer.bias)


def write_onnx(encoder: SetEncoder) -> bytes:
    """`encoder.onnx`. Equal weights give equal bytes."""
    graph = _Graph()
    size, h = encoder.tokens * encoder.width, encoder.shape.hidden
    looks = _look_at_votes(graph, encoder)
    count = graph.one("ReduceSum", "weight", graph.integers(1), keepdims=1)
    one = graph.constant(np.array(1, np.float32))
    some = graph.one("Div", count, graph.one("Add", count, one))
    most = graph.one("Add", count, graph.constant(np.array(2, np.float32)))
    weight = graph.one("Unsqueeze", "weight", graph.integers(2))
    estimate = graph.constant(encoder.prior_E[None])
    spread = graph.constant(np.zeros((1, 1), np.float32))
    rounds = zip(looks, encoder.votes, encoder.says, encoder.hears, encoder.moves, strict=True)
    for look, votes, says, hears, moves in rounds:
        assert isinstance(votes, nn.Linear)
        # A vote and the estimate have columns of their own in the weights: nothing has to be repeated for each vote.
        seen = graph.linear(estimate, votes.weight[:, 2 * h :], votes.bias)
        seen = graph.one("Unsqueeze", seen, graph.integers(1))
        looked = graph.one("Relu", graph.one("Add", look, seen))
        said = graph.one("Mul", weight, graph.one("Relu", graph.layer(looked, says)))
        heard = graph.one("Div", graph.one("ReduceSum", said, graph.integers(1), keepdims=0), most)
        known = graph.one("Concat", heard, estimate, some, axis=1)
        moved = graph.layer(graph.one("Relu", graph.layer(known, hears)), moves)
        by, wider = graph.add("Split", moved, graph.integers(size, 1), outputs=2, axis=1)
        estimate = graph.one("Add", estimate, graph.one("Mul", some, by))
        spread = graph.one("Add", spread, graph.one("Mul", some, wider))
    estimate = graph.one("Mul", estimate, graph.constant(encoder.scale))
    embedding = graph.one("Reshape", estimate, graph.integers(1, encoder.tokens, encoder.width))
    narrowed = graph.one("Neg", graph.one("Mul", graph.one("Softplus", spread), some))
    uncertainty = graph.one("Squeeze", graph.one("Exp", narrowed), graph.integers(1))
    return _file(graph, encoder, embedding, uncertainty)


def _look_at_votes(graph: _Graph, encoder: SetEncoder) -> list[str]:
    """What each round makes of the votes themselves, (1, V, H) each, before it has looked at the estimate.

    What reads a feature and what looks at what was read are both linear: where features are few they are multiplied here, once and
    for all, and every round of every vote is one product of 2F numbers.
    """
    center, spread = graph.constant(encoder.center_F), graph.constant(encoder.spread_F)
    chosen, rejected = (
        graph.one("Div", graph.one("Sub", name, center), spread) for name in ("chosen", "rejected")
    )
    h, count = encoder.shape.hidden, encoder.shape.rounds
    weights = [layer.weight[:, : 2 * h] for layer in encoder.votes if isinstance(layer, nn.Linear)]
    is_folded = encoder.feature_size * (count - 1) <= h * count
    if not is_folded:
        chosen, rejected = (graph.layer(side, encoder.reads) for side in (chosen, rejected))
    pair = [graph.one(kind, chosen, rejected) for kind in ("Sub", "Add")]
    vote = graph.one("Concat", *pair, axis=2)
    if not is_folded:
        return [graph.linear(vote, weight_OI) for weight_OI in weights]
    reads_HF, bias_H = encoder.reads.weight.double(), encoder.reads.bias.double()
    sides = [(weight_OI[:, :h].double(), weight_OI[:, h:].double()) for weight_OI in weights]
    folded_OI = torch.cat([torch.cat([apart @ reads_HF, both @ reads_HF], 1) for apart, both in sides])
    # Of the difference of two sides the bias is none, of their sum it is twice that of one.
    bias_O = torch.cat([2 * both @ bias_H for _, both in sides])
    looked = graph.linear(vote, folded_OI, bias_O)
    return graph.add("Split", looked, graph.integers(*[h] * count), outputs=count, axis=2)


def _file(graph: _Graph, encoder: SetEncoder, embedding: str, uncertainty: str) -> bytes:
    graph.nodes.append(helper.make_node("Identity", [embedding], ["embedding"]))
    graph.nodes.append(helper.make_node("Identity", [uncertainty], ["uncertainty"]))
    number = lambda name, *shape: helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape))
    inputs = [number(name, 1, "votes", encoder.feature_size) for name in ("chosen", "rejected")]
    outputs = [number("embedding", 1, encoder.tokens, encoder.width), number("uncertainty", 1)]
    made = helper.make_graph(
        graph.nodes, "set_encoder", [*inputs, number("weight", 1, "votes")], outputs, graph.constants
    )
    model = helper.make_model(
        made,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="prefloop",
    )
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString(deterministic=True)

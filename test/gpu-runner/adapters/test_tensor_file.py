"""Safetensors bytes: the library reads what we write, and equal contents are equal bytes, metadata included."""

import json

import torch
from safetensors import safe_open
from safetensors.torch import load

from prefloop.adapters.tensor_file import tensor_file

TENSORS = {
    "b.half": torch.randn(3, 5).to(torch.bfloat16),
    "a.step": torch.tensor(12),
    "c.empty": torch.zeros(0, 4),
    "a.flag": torch.tensor([True, False, True]),
    "a.full": torch.randn(4, 2).t(),
    "z.rng": torch.arange(11, dtype=torch.uint8),
}
METADATA = {"format": "pt", "facts": '{"é": 1}', "another": "x", "yet another": "y"}


def test_the_library_reads_back_every_tensor_and_the_metadata(tmp_path):
    content = tensor_file(TENSORS, METADATA)
    back = load(content)
    assert back.keys() == TENSORS.keys()
    for name, tensor in TENSORS.items():
        assert back[name].dtype == tensor.dtype
        assert torch.equal(back[name], tensor)
    (tmp_path / "f.safetensors").write_bytes(content)
    with safe_open(tmp_path / "f.safetensors", "pt") as file:
        assert file.metadata() == METADATA


def test_the_order_in_which_things_are_given_does_not_show():
    backwards = dict(reversed(TENSORS.items())), dict(reversed(METADATA.items()))
    assert tensor_file(TENSORS, METADATA) == tensor_file(*backwards)


def test_every_tensor_starts_where_its_type_may_start():
    content = tensor_file(TENSORS, METADATA)
    length = int.from_bytes(content[:8], "little")
    assert length % 8 == 0
    header = json.loads(content[8 : 8 + length])
    for name, tensor in TENSORS.items():
        assert header[name]["data_offsets"][0] % tensor.element_size() == 0

"""Tensors by content: made once, kept across restarts, and never taken for another's."""

from pathlib import Path

import pytest
import torch

from prefloop.image.tensor_cache import TensorCache


class Making:
    """Counts how often it had to."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> dict[str, torch.Tensor]:
        self.times += 1
        return {"a": torch.full((250,), float(self.times)), "b": torch.tensor([1.5], dtype=torch.bfloat16)}


def test_what_is_known_is_not_made_again_not_even_after_a_restart(tmp_path: Path):
    make = Making()
    first = TensorCache("base", tmp_path)
    assert torch.equal(first.get("key", make)["a"], first.get("key", make)["a"]) and make.times == 1
    again = TensorCache("base", tmp_path).get("key", make)
    assert make.times == 1 and again["a"][0] == 1.0 and again["b"].dtype == torch.bfloat16
    first.get("another", make)
    assert make.times == 2


def test_numbers_of_another_base_or_arithmetic_are_others(tmp_path: Path):
    make = Making()
    assert [
        TensorCache(name, tmp_path).get("key", make)["a"][0].item() for name in ("one", "two", "one")
    ] == [
        1.0,
        2.0,
        1.0,
    ]


def test_memory_is_bounded_and_what_was_not_used_for_longest_goes(tmp_path: Path):
    make = Making()
    cache = TensorCache("base", None, memory_bytes=2500)
    for key in ("one", "two", "one", "three", "one"):
        cache.get(key, make)
    assert make.times == 3
    cache.get("two", make)
    assert make.times == 4
    kept = TensorCache("base", tmp_path, memory_bytes=1)
    assert kept.get("one", make) is not kept.get("two", make)
    kept.get("one", make)
    assert make.times == 6, "the folder still had it"


def test_the_folder_is_bounded_too(tmp_path: Path):
    cache = TensorCache("base", tmp_path, disk_bytes=6000)
    for number in range(20):
        cache.get(str(number), Making())
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 6000
    make = Making()
    TensorCache("base", tmp_path).get("19", make)
    assert make.times == 0


@pytest.mark.parametrize("damage", [lambda c: c[:-3], lambda c: b"", lambda c: c[:-1] + bytes([c[-1] ^ 1])])
def test_a_file_that_is_not_what_was_written_is_made_again(tmp_path: Path, damage):
    TensorCache("base", tmp_path).get("key", Making())
    (path,) = tmp_path.iterdir()
    path.write_bytes(damage(path.read_bytes()))
    make = Making()
    TensorCache("base", tmp_path).get("key", make)
    TensorCache("base", tmp_path).get("key", make)
    assert make.times == 1

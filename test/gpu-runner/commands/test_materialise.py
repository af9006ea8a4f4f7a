"""materialise: one adapter that says what the exact mixture says, or none."""

import json
from pathlib import Path

import pytest
import torch

from prefloop.adapters.files import read_peft, write_peft
from prefloop.adapters.lora import Adapter, new_adapter
from prefloop.base import Base, load_base
from prefloop.commands.materialise import main

WEIGHTS = (0.8, -0.6)


@pytest.fixture(scope="module")
def base() -> Base:
    return load_base("tiny", "fp32", "cpu")


def strong(base: Base, seed: int) -> Adapter:
    adapter = new_adapter(base.trunk.layers, 4, 8, seed)
    with torch.no_grad():
        for _, b_Or in adapter.pairs.values():
            b_Or.copy_(0.05 * torch.randn(b_Or.shape, generator=torch.Generator().manual_seed(seed)))
    return adapter.freeze()


@pytest.fixture
def options(base: Base, tmp_path: Path) -> list[str]:
    for seed in (0, 1):
        folder = tmp_path / f"basis{seed}"
        folder.mkdir()
        for name, content in write_peft(strong(base, seed), base.trunk.layers, "tiny").items():
            (folder / name).write_bytes(content)
    words = ["kind", "brief", "formal", "loud", "plain", "late", "round", "green"]
    rows = [
        {
            "prompt": f"Where is parcel {n}?",
            "chosen": f"It is {words[n % 8]} today.",
            "rejected": f"Ask {words[-n % 8]} people.",
        }
        for n in range(40)
    ]
    (tmp_path / "data.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return [
        *["--basis", str(tmp_path / "basis0"), str(tmp_path / "basis1")],
        *["--data", str(tmp_path / "data.jsonl"), "--out", str(tmp_path / "out"), "--device", "cpu"],
        *["--json", str(tmp_path / "figures.json")],
    ]


def weights(*values: float) -> list[str]:
    return ["--weights", *map(str, values)]


def figures(tmp_path: Path) -> dict[str, float]:
    return json.loads((tmp_path / "figures.json").read_text())["figures"]


def test_with_rank_enough_nothing_is_lost(base: Base, options: list[str], tmp_path: Path):
    assert main([*options, *weights(*WEIGHTS), "--rank", "8"]) == 0
    found = figures(tmp_path)
    assert found["lostSquares"] == 0 and abs(found["lostPoints"]) <= 1
    files = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    adapter = read_peft(files, base.trunk.layers)
    assert adapter.r == 8
    for path, (a_rI, b_Or) in adapter.pairs.items():
        exact = sum(
            weight * one.scale * one.pairs[path][1] @ one.pairs[path][0]
            for weight, one in zip(WEIGHTS, [strong(base, 0), strong(base, 1)], strict=True)
        )
        torch.testing.assert_close(adapter.scale * b_Or @ a_rI, exact, atol=2e-3, rtol=0.03)


def test_what_loses_more_than_is_allowed_is_not_written(options: list[str], tmp_path: Path):
    # at rank 1 most of two random adapters is gone; whatever that does to accuracy is more than −100 points
    with pytest.raises(ValueError, match=r"loses more than -100 points at rank 1, not written: .*lostPoints"):
        main([*options, *weights(*WEIGHTS), "--rank", "1", "--most", "-100"])
    assert not (tmp_path / "out").exists()
    assert figures(tmp_path)["lostSquares"] > 0.3


def test_votes_that_the_mixture_had_right_and_the_small_one_has_not_are_counted(
    base: Base, options: list[str], tmp_path: Path
):
    """Rows are turned so that the exact mixture is always right."""
    from prefloop.adapters.combine import combine
    from prefloop.commands.example_file import read_examples
    from prefloop.commands.materialise import encode
    from prefloop.gates.scored import score_rows
    from prefloop.text.reference_cache import ReferenceCache

    data = tmp_path / "data.jsonl"
    exact = combine([strong(base, 0), strong(base, 1)], WEIGHTS).freeze()
    scored = score_rows(base.trunk, ReferenceCache("test"), exact, encode(base, read_examples(data), "data"))
    turned = []
    for line, one in zip(data.read_text().splitlines(), scored, strict=True):
        row = json.loads(line)
        if one.rewards[0] < one.rewards[1]:
            row["chosen"], row["rejected"] = row["rejected"], row["chosen"]
        turned.append(json.dumps(row))
    data.write_text("\n".join(turned))
    with pytest.raises(ValueError, match="loses more than 1 points at rank 1"):
        main([*options, *weights(*WEIGHTS), "--rank", "1"])
    assert figures(tmp_path)["exactAccuracy"] > 0.95 and not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("given", "said"), [((1.0,), "as many weights"), ((0.0, 0.0), "that mixture is the base")]
)
def test_weights_of_nothing_are_refused(options: list[str], given: tuple[float, ...], said: str):
    with pytest.raises(ValueError, match=said):
        main([*options, *weights(*given), "--rank", "8"])

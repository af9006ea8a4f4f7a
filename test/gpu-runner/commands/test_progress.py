"""What a long command says of how far it is."""

import io
import json
from pathlib import Path

import pytest

from prefloop.commands import train
from prefloop.commands.progress import ProgressBar


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_it_ends_at_its_total_with_no_time_left_and_one_line():
    terminal = Terminal()
    bar = ProgressBar("rows", 5, 2, terminal)
    for _ in range(3):
        bar.advance(2)
    drawn = terminal.getvalue().split("\r\x1b[2K")
    assert "5/5 rows" in drawn[-1] and " 0 s left" in drawn[-1]
    assert terminal.getvalue().count("\n") == 1


@pytest.mark.parametrize(
    ("rows", "size", "epochs", "held"), [(5, 2, 2, [2, 2, 1, 2, 2, 1]), (3, 4, 2, [3, 3]), (2, 2, 1, [2])]
)
def test_a_step_counts_for_what_it_holds(rows: int, size: int, epochs: int, held: list[int]):
    assert list(train.step_sizes(rows, size, epochs)) == held


def test_a_training_ends_at_its_preferences(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Batches of two rows, steps of four: every step holds fewer than it could."""
    data = tmp_path / "pairs.jsonl"
    pairs = [{"prompt": f"say {n}", "chosen": "yes", "rejected": "no"} for n in range(3)]
    data.write_text("".join(json.dumps(pair) + "\n" for pair in pairs))
    recipe = json.dumps({"method": "dpo", "microBatch": 4, "epochs": 2, "rank": 2})
    fixed = ["--batch-size", "2", "--device", "cpu", "--threads", "1"]
    more = ["--data", str(data), "--out", str(tmp_path / "out"), "--recipe", recipe]
    assert train.main([*fixed, *more]) == 0
    drawn = [line for line in capsys.readouterr().err.splitlines() if "preferences" in line]
    assert "6/6 preferences" in drawn[-1] and " 0 s left" in drawn[-1]
    assert "2/6 preferences" in drawn[0]

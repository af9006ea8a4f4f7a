"""Files of votes as features: what encoders and mixtures are fitted to."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from prefloop.taste.vote_file import SeenPair, read_rows, read_votes


def write(path: Path, *rows: Any) -> Path:
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows))
    return path


def row(**more: Any) -> dict[str, Any]:
    return {"userKey": "a", "chosen": [1.0, 2], "rejected": [0.0, 3.5], **more}


def test_votes_are_read_with_their_weights_and_blank_lines_are_none(tmp_path: Path):
    path = write(tmp_path / "votes.jsonl", row(weight=0.25), "", "  ", row(), "")
    assert [where.rsplit(":", 1)[1] for where, _ in read_rows(path)] == ["1", "4"]
    votes = read_votes(path).draw(1, torch.Generator())
    assert votes.weight_BV.tolist() == [[0.25, 1.0]]
    assert votes.chosen_BVF.tolist() == [[[1, 2], [1, 2]]]


def test_what_was_seen_is_kept_where_a_row_says_it(tmp_path: Path):
    seen = {"caption": "a fox", "chosenImage": "1.png", "rejectedImage": "2.png"}
    file = read_votes(write(tmp_path / "votes.jsonl", row(**seen), row()))
    assert file.seen_P == [[SeenPair("a fox", tmp_path / "1.png", tmp_path / "2.png"), None]]


@pytest.mark.parametrize(
    ("other", "said"),
    [
        *[(row(weight=value), ":2: weight must be") for value in (0, -1, True, "1", None, 10**400)],
        *[(row(weight=value), ":2: weight must be") for value in (float("nan"), float("inf"))],
        *[(row(chosen=[1.0, value]), ":2: chosen must be") for value in (None, 1e39, 10**400, float("nan"))],
        (row(rejected=[]), ":2: rejected must be"),
        (row(userKey=1), ":2: has no userKey"),
        (row(chosen=[1.0]), ":2: features must all have 2 numbers"),
        ("{", ":2: is not JSON"),
        (row(caption="a fox", chosenImage="1.png"), ":2: caption, chosenImage, rejectedImage go together"),
        (row(userKey="b"), "nobody has two votes"),
    ],
)
def test_a_row_that_is_no_vote_is_refused_by_its_line(tmp_path: Path, other: Any, said: str):
    with pytest.raises(ValueError, match=said):
        read_votes(write(tmp_path / "votes.jsonl", row(), other))

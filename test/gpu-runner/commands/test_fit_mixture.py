"""fit-mixture: what it writes is what the edge takes, and what it refuses."""

import json
from pathlib import Path

import numpy as np
import pytest

from prefloop.canonical_json import canonical_sha
from prefloop.commands.fit_mixture import main
from prefloop.contracts import MixtureInput

BASIS = ["warm=" + "a" * 64, "short=" + "b" * 64]


def votes_file(path: Path, people: int = 40, votes: int = 8) -> Path:
    rng = np.random.default_rng(0)
    rows = []
    for person in range(people):
        taste_K = rng.normal([2.0, 0.0], 1.0)
        for _ in range(votes):
            one, other = 0.05 * rng.normal(size=(2, 2))
            if (one - other) @ taste_K < 0:
                one, other = other, one
            rows.append({"userKey": f"p{person}", "chosen": one.tolist(), "rejected": other.tolist()})
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def fit(tmp_path: Path, *more: str) -> dict:
    votes = tmp_path / "votes.jsonl"
    if not votes.exists():
        votes_file(votes)
    assert (
        main(["--votes", str(votes), "--basis", *BASIS, "--domain", "replies", "--out", str(tmp_path), *more])
        == 0
    )
    return json.loads((tmp_path / "encoder.json").read_text())


def test_the_edge_finds_its_own_hashes_in_it(tmp_path: Path):
    said = fit(tmp_path)
    assert said["space"] == canonical_sha(["a" * 64, "b" * 64])
    hashed = {name: value for name, value in said.items() if name not in ("sha", "metrics")}
    assert said["sha"] == canonical_sha(hashed)
    MixtureInput.model_validate(said)
    precision = np.array(said["prior"]["precision"])
    assert (precision == precision.T).all() and np.linalg.eigvalsh(precision).min() > 0


def test_people_are_what_it_was_fitted_to(tmp_path: Path):
    said = fit(tmp_path)
    # they have the first axis in common; differences of features come to about one
    assert said["prior"]["mean"][0] > 3 * abs(said["prior"]["mean"][1])
    assert 5 < said["scale"] < 30
    assert said["metrics"]["accuracy.4"] > 0.75 and said["metrics"]["people"] == 40


def test_the_best_strength_that_keeps_answers_sound_is_taken(tmp_path: Path):
    tried = tmp_path / "tried.jsonl"
    row = lambda strength, win, sound: json.dumps(
        {"strength": strength, "maxWeight": 2, "winRate": win, "sound": sound, "lengthRatio": 1.0}
    )
    tried.write_text("\n".join([row(0.5, 0.6, 0.99), row(1, 0.7, 0.95), row(2, 0.8, 0.5)]))
    said = fit(tmp_path, "--tried", str(tried))
    assert (said["strength"], said["maxWeight"]) == (1.0, 2.0)
    with pytest.raises(ValueError, match="keeps 0.995"):
        fit(tmp_path, "--tried", str(tried), "--min-sound", "0.995")
    tried.write_text('{"strength": 1}')
    with pytest.raises(ValueError, match=r"tried.jsonl:1: is no"):
        fit(tmp_path, "--tried", str(tried))


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([{"userKey": "a", "chosen": [1.0], "rejected": [0.0]}], r":1: a vote has 2 log-ratios"),
        ([{"userKey": "a", "chosen": [1.0, 0.0], "rejected": [0.0, 0.0], "weight": -1}], r":1: weight"),
        ([{"userKey": "a", "chosen": [1.0, 0.0], "rejected": [0.0, 0.0], "weight": 0}], r":1: weight"),
        ([{"userKey": "a", "chosen": [1.0, 0.0], "rejected": [0.0, 0.0]}], "in common"),
        ([{"userKey": "a", "chosen": [None, 0.0], "rejected": [0.0, 0.0]}], r":1: chosen"),
        ([{"userKey": p, "chosen": [1.0, 0.0], "rejected": [1.0, 0.0]} for p in "ab"], "sees no difference"),
    ],
)
def test_votes_that_are_none_are_refused_and_nothing_is_written(tmp_path: Path, rows: list, said: str):
    (tmp_path / "votes.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(ValueError, match=said):
        fit(tmp_path)
    assert not (tmp_path / "encoder.json").exists()


def test_a_basis_without_a_hash_is_refused(tmp_path: Path):
    votes_file(tmp_path / "votes.jsonl", 2, 2)
    with pytest.raises(ValueError, match="NAME=SHA"):
        main(
            [
                "--votes",
                str(tmp_path / "votes.jsonl"),
                "--basis",
                "warm",
                "--domain",
                "d",
                "--out",
                str(tmp_path),
            ]
        )

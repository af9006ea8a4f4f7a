"""The negative control on real votes: how they are read, and that it finds what is planted."""

import gzip
import json
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "gpu-runner"))

from papers.context import Context
from papers.experiments.real_personal import EXPERIMENT, FILE, TEXTS, read_workers


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """40 workers who all prefer the longer of two arguments."""
    rng = np.random.default_rng(0)
    words = ["because", "I", "Cats", "sleep!", "why?", "they", "are", "Great", "so", "calm."]
    text = lambda: " ".join(rng.choice(words, rng.integers(3, 40)))
    pairs = [{"pair_id": n, "a1": text(), "a2": text()} for n in range(200)]
    votes = []
    for worker in range(40):
        for n in rng.choice(200, 24, replace=False):
            longer = len(pairs[n]["a1"].split()) > len(pairs[n]["a2"].split())
            votes.append({"pair_id": int(n), "annotator": f"w{worker}", "value": "a1" if longer else "a2"})
    votes.append({"pair_id": 0, "annotator": "w0", "value": "equal"})
    for name, rows in ((TEXTS, pairs), (FILE, votes)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        with gzip.open(tmp_path / name, "wt") as file:
            file.write("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


def test_votes_point_to_what_was_chosen_and_equal_says_nothing(folder: Path):
    workers = read_workers(folder)
    assert len(workers) == 40 and all(len(one.weight_V) == 24 for one in workers.values())
    longer = np.concatenate([one.difference_VK[:, 0] for one in workers.values()])
    assert (longer >= 0).all()


def test_where_all_agree_nothing_is_gained_and_what_is_planted_is_found(folder: Path):
    context = Context(0, True, folder)
    real, planted = (EXPERIMENT.arms[arm].run(context, {}) for arm in EXPERIMENT.arms)
    assert real["accuracy.0"] > 0.85 and abs(real["gain.4"]) < 0.08
    assert planted["gain.16"] > 0.05


def test_without_the_data_it_says_what_is_missing():
    with pytest.raises(ValueError, match="ukpconvarg1"):
        EXPERIMENT.arms["workers"].run(Context(0, True), {})

"""The shared vectors: the TypeScript side is tested against the same files."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import ArrayLike

from prefloop.canonical_json import canonical_json, canonical_sha
from prefloop.taste.posterior import Taste, contrasts, predict_preference, taste_posterior

VECTORS = Path(__file__).parents[2] / "shared" / "vectors"


def load(name: str) -> list[dict]:
    return json.loads((VECTORS / name).read_text(encoding="utf-8"))["cases"]


@pytest.mark.parametrize("case", load("canonical-json.json"), ids=lambda case: case["json"])
def test_canonical_json(case: dict):
    assert canonical_json(case["value"]) == case["json"]
    assert canonical_sha(case["value"]) == case["sha256"]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800", {"a": {1}}, {"\udfff": 1}])
def test_what_json_cannot_hold_has_no_canonical_text(value: object):
    with pytest.raises(ValueError, match="canonical JSON has no"):
        canonical_json(value)


def test_numbers_that_are_equal_have_one_text():
    assert canonical_json([-0.0, 0, 1.0, 1, 1e2]) == "[0,0,1,1,100]"


@pytest.mark.parametrize("case", load("taste-posterior.json"), ids=lambda case: case["name"])
def test_taste_posterior(case: dict):
    prior = Taste(np.array(case["prior"]["mean"], float), np.array(case["prior"]["precision"], float))
    votes = contrasts(
        [vote["difference"] for vote in case["votes"]],
        len(prior.mean_K),
        [vote.get("probability", 1) for vote in case["votes"]],
        [vote.get("weight", 1) for vote in case["votes"]],
    )
    taste = taste_posterior(votes, prior)
    close(taste.mean_K, case["mean"])
    close(taste.precision_KK, case["precision"])
    close(taste.uncertainty_K, case["uncertainty"])
    for known in case["predictions"]:
        close(predict_preference(taste, np.array(known["difference"])), known["probability"])


def close(found: ArrayLike, expected: ArrayLike) -> None:
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9 * max(np.abs(expected).max(), 1e-300))


@pytest.mark.parametrize("case", load("hold-out.json"), ids=lambda case: case["unit"])
def test_hold_out(case: dict):
    digest = hashlib.sha256("\x1f".join([case["project"], case["domain"], case["unit"]]).encode()).digest()
    point = (int.from_bytes(digest[:7], "big") >> 4) / 2**52
    assert point == case["point"]
    assert {float(share): point < float(share) for share in case["heldOutAt"]} == {
        float(share): held_out for share, held_out in case["heldOutAt"].items()
    }

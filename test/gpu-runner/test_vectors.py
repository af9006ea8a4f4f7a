"""The shared vectors, recomputed with the standard library: the TypeScript side is tested against the same files."""

import hashlib
import json
from pathlib import Path

import pytest

VECTORS = Path(__file__).parents[2] / "shared" / "vectors"


def load(name: str) -> list[dict]:
    return json.loads((VECTORS / name).read_text(encoding="utf-8"))["cases"]


@pytest.mark.parametrize("case", load("canonical-json.json"), ids=lambda case: case["json"])
def test_canonical_json(case: dict):
    text = json.dumps(case["value"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert text == case["json"]
    assert hashlib.sha256(text.encode()).hexdigest() == case["sha256"]


@pytest.mark.parametrize("case", load("hold-out.json"), ids=lambda case: case["unit"])
def test_hold_out(case: dict):
    digest = hashlib.sha256("\x1f".join([case["project"], case["domain"], case["unit"]]).encode()).digest()
    point = (int.from_bytes(digest[:7], "big") >> 4) / 2**52
    assert point == case["point"]
    assert {float(share): point < float(share) for share in case["heldOutAt"]} == {
        float(share): held_out for share, held_out in case["heldOutAt"].items()
    }

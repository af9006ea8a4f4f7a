"""Real pictures in an experiment: what is measured of them, and that it runs on any folder of their form."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

sys.path.insert(0, str(Path(__file__).parents[2] / "gpu-runner"))

from papers.context import Context
from papers.experiments.real_tiles import FILE, measures, run


def test_measures_tell_what_is_seen():
    noise = torch.rand((1, 32, 32, 1), generator=torch.Generator().manual_seed(0)).expand(-1, -1, -1, 3)
    grey, white = torch.full((1, 32, 32, 3), 0.5), torch.ones(1, 32, 32, 3)
    red = torch.tensor([0.8, 0.1, 0.1]).expand(1, 32, 32, 3)
    black = torch.zeros(1, 32, 32, 3)
    bright, warm, colourful, filled, contrast, busy = measures(torch.cat([noise, grey, white, red, black])).T
    assert bright.argmax() == 2 and bright.argmin() == 4
    assert warm.argmax() == 3 and colourful.argmax() == 3
    assert filled.argmin() == 4
    assert contrast.argmax() == 0 and busy.argmax() == 0


def test_it_runs_on_a_folder_of_tiles(tmp_path: Path):
    (tmp_path / FILE).parent.mkdir()
    tiles = np.random.default_rng(0).integers(0, 255, (200, 32, 32, 3), np.uint8)
    np.savez(tmp_path / FILE, images=tiles)
    found = run(Context(0, quick=True, data=tmp_path), 0.0)
    assert set(found) == {f"accuracy.{count}" for count in (0, 1, 2, 4, 8, 16)}
    assert all(0 <= value <= 1 for value in found.values())
    with pytest.raises(ValueError, match="--data FOLDER"):
        run(Context(0, quick=True), 0.0)

"""The report of the tiny diffusion model counts what the oracle finds of what captions name."""

import numpy as np
import pytest
from PIL import Image

from prefloop.tiny.report_images import measure, write_sheet
from prefloop.tiny.sprites.attributes import every_creature
from prefloop.tiny.sprites.draw import draw
from prefloop.tiny.sprites.reader import read_images

RED, BLUE = ({**every_creature()[0], "palette": palette} for palette in ("red", "blue"))


def test_shares_of_what_is_named():
    known = [{"palette": "red", "size": RED["size"]}, {"palette": "red"}, {"hat": BLUE["hat"]}]
    readings = read_images(np.stack([draw(one) for one in (RED, BLUE, BLUE)]))
    figures = measure(known, readings)
    assert figures["accuracy"]["value"] == pytest.approx(3 / 4)
    assert figures["accuracy"]["low"] < 3 / 4 < figures["accuracy"]["high"]
    assert (figures["accuracy.palette"]["value"], figures["accuracy.palette"]["n"]) == (0.5, 2)
    assert figures["accuracy.hat"]["value"] == 1.0
    # Of what nothing was asked for, all is possible.
    assert figures["accuracy.ground"] == {"value": 0.0, "low": 0.0, "high": 1.0, "n": 0}


def test_a_sheet_holds_every_picture_in_rows(tmp_path):
    pictures = np.stack([draw(every_creature()[i * 7]) for i in range(40)])
    write_sheet(pictures, tmp_path / "sheet.png")
    sheet = np.asarray(Image.open(tmp_path / "sheet.png"))
    assert sheet.shape == (2 * 128, 20 * 128, 3)
    assert np.array_equal(sheet[128:256:4, 128:256:4], pictures[21])

"""The maker of the ready-made personal weights: every part of it runs, and what it writes is read where it is used."""

from pathlib import Path

from papers import build_personal
from papers.personal_pictures import LOUDNESS
from prefloop.image.files import read_user_attention
from prefloop.image.model import load_image_model
from prefloop.taste.set_encoder import FILE, read_set_encoder


def test_pictures(tmp_path: Path):
    build_personal.main(
        ["encoder", "images", "--quick", "--out", str(tmp_path), "--work", str(tmp_path / "work")]
    )
    encoder = read_set_encoder((tmp_path / "images" / "encoder" / FILE).read_bytes())
    files = {path.name: path.read_bytes() for path in (tmp_path / "images" / "adapter").iterdir()}
    attention = read_user_attention(files, load_image_model("tiny-diffusion"))
    assert attention.width == encoder.width and attention.loudness == LOUDNESS
    assert attention.openness is not None
    assert len(attention.openness.basis_EK) == encoder.tokens * encoder.width

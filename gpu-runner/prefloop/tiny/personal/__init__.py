"""Ready-made personal weights of the tiny models: a user encoder and a user attention for pictures (`build_personal`)."""

from pathlib import Path

IMAGES = Path(__file__).parent / "images"

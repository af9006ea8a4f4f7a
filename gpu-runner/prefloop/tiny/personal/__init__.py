"""Ready-made personal weights of the tiny models (`python -m papers.build_personal`).

images/: a user encoder and the user attention that was trained with it. replies/: adapters of a basis and their mixture.
"""

from pathlib import Path

PERSONAL = Path(__file__).parent
IMAGES = PERSONAL / "images"

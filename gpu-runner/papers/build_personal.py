"""Builds the ready-made personal weights of the tiny models, which the demo shows: `python -m papers.build_personal`.

images/: a user encoder of simulated people's picks, and PPD's user attention, trained as the experiment `ppd` trains it.
replies/: an adapter for each style axis, and the mixture over them, as the experiment `mixture` makes both.
Both under the first seed of their experiment; `--work` may be the folder in which that left what it had trained.
"""

import argparse
import base64
import shutil
import tempfile
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from papers.context import Context
from papers.experiments import mixture, ppd
from papers.personal_pictures import PersonalPictures, user_encoder
from papers.personal_world import PersonalWorld
from prefloop.adapters.manifest import manifest_sha
from prefloop.base import settle_arithmetic
from prefloop.commands import fit_encoder
from prefloop.commands.fit_mixture import describe
from prefloop.image.files import write_user_attention
from prefloop.tiny.personal import PERSONAL
from prefloop.tiny.styles import AXES

IMAGES_SEED, REPLIES_SEED = ppd.EXPERIMENT.first_seed, mixture.EXPERIMENT.first_seed
ENCODER_STEPS = 600


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m papers.build_personal", description=__doc__)
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help="encoder, images, replies; default: all three"
    )
    parser.add_argument("--out", type=Path, default=PERSONAL)
    parser.add_argument(
        "--quick", action="store_true", help="tiny sizes: shows that it runs, and nothing else"
    )
    parser.add_argument("--work", type=Path, help="keep what is trained on the way, to go on from")
    args = parser.parse_args(argv)
    settle_arithmetic(1, "cpu")
    builders = {"encoder": build_encoder, "images": build_images, "replies": build_replies}
    if unknown := set(args.parts) - set(builders):
        raise SystemExit(f"there is no part {', '.join(sorted(unknown))}: one of {', '.join(builders)}")
    with tempfile.TemporaryDirectory() as place:
        for part in args.parts or builders:
            seed = REPLIES_SEED if part == "replies" else IMAGES_SEED
            builders[part](Context(seed, args.quick, None, args.work or Path(place)), args.out)
            print(f"{part}: {args.out}", flush=True)


def build_encoder(context: Context, out: Path) -> None:
    steps = str(context.size(ENCODER_STEPS, 2))
    folder = out / "images" / "encoder"
    fit_encoder.main(["--world", "tiny", "--steps", steps, "--threads", "1", "--out", str(folder)])
    user_encoder.cache_clear()


def build_images(context: Context, out: Path) -> None:
    """With the encoder of the built-in place."""
    write(out / "images" / "adapter", write_user_attention(PersonalPictures(context).attention))


def build_replies(context: Context, out: Path) -> None:
    folder = out / "replies"
    shutil.rmtree(folder, ignore_errors=True)
    world = PersonalWorld(context)
    found = mixture.calibration(world, "votes")
    basis = []
    for axis, kept in zip(AXES, context.once("basis", list), strict=True):
        files = {name: base64.b64decode(text) for name, text in kept.items()}
        write(folder / axis, files)
        hashes = {name: sha256(content).hexdigest() for name, content in files.items()}
        basis.append({"name": axis, "adapter": manifest_sha(hashes)})
    said = describe("replies", basis, world.prior, world.scale, found, {})
    write(folder / "encoder", {"encoder.json": (said.model_dump_json(by_alias=True) + "\n").encode()})


def write(folder: Path, files: dict[str, bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


if __name__ == "__main__":
    main()

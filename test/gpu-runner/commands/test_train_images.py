"""`prefloop-runner train` on a model that draws: every form of rows, what comes out, and how it is gone on with."""

import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from image.made_pictures import picture, vote
from image.random_pipelines import PIPELINES

from prefloop.commands import train
from prefloop.commands.picture_file import PictureFiles, read_pictures
from prefloop.image.picture import picture_sha
from prefloop.taste.set_encoder import SetEncoder, SetEncoderShape, write_set_encoder

FIELDS = {"rank": 2, "loraAlpha": 4, "microBatch": 2, "learningRate": 3e-3}


@pytest.fixture(autouse=True)
def settings() -> Iterator[None]:
    deterministic = torch.are_deterministic_algorithms_enabled()
    yield
    torch.use_deterministic_algorithms(deterministic)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "random"
    PIPELINES["sd15"]().save_pretrained(folder)
    return folder


def write(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join(row if isinstance(row, str) else json.dumps(row) + "\n" for row in rows))
    return path


def file_of(folder: Path, seed: int, is_bright: bool = False) -> str:
    """The name, beside the rows, of a picture that was written there."""
    (folder / f"{seed}.png").write_bytes(picture(seed, is_bright))
    return f"{seed}.png"


def pairs(folder: Path, count: int, first: int = 0) -> list[dict[str, Any]]:
    return [
        {
            "prompt": f"creature {n}",
            "chosen": file_of(folder, 2 * n, True),
            "rejected": file_of(folder, 2 * n + 1),
        }
        for n in range(first, first + count)
    ]


def options(model: Path | str, data: Path, out: Path, method: str, *more: str, **fields: Any) -> list[str]:
    # a user attention has neither a rank nor a rate
    own = {"microBatch": 2} if method == "ppd" else FIELDS
    recipe = json.dumps({"method": method, **own, **fields})
    fixed = ["--threads", "1", "--device", "cpu", "--batch-size", "2"]
    return ["--model", str(model), "--data", str(data), "--out", str(out), "--recipe", recipe, *fixed, *more]


def files_of(out: Path) -> dict[str, bytes]:
    (checkpoint,) = out.glob("checkpoint-*")
    return {path.name: path.read_bytes() for path in checkpoint.iterdir()}


def test_pairs_of_files_make_an_adapter_that_diffusers_reads_and_agrees_with_others(tmp_path: Path):
    data = write(tmp_path / "pairs.jsonl", pairs(tmp_path, 6))
    held_out = write(tmp_path / "held-out.jsonl", pairs(tmp_path, 4, first=20))
    out, summary = tmp_path / "out", tmp_path / "summary.json"
    more = ["--held-out", str(held_out), "--json", str(summary)]
    assert train.main(options("tiny-diffusion", data, out, "diffusion-dpo", *more, epochs=3, beta=500)) == 0
    figures = json.loads(summary.read_text())["figures"]
    assert (figures["preferences"], figures["batches"], figures["heldOut"]) == (6, 3, 4)
    assert figures["heldOutAccuracy"] == 1 and figures["loss"] < 0.6
    metrics = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    assert len(metrics) == 3 and {"errorChosen", "errorRejected", "margin", "accuracy"} <= metrics[0].keys()
    assert sorted(path.name for path in out.glob("*.safetensors")) == ["pytorch_lora_weights.safetensors"]
    pipeline = PIPELINES["sd15"]()
    with pytest.raises(RuntimeError, match="size mismatch"):
        pipeline.load_lora_weights(out)  # it is read, and belongs to another model


def test_the_result_is_loaded_by_the_pipeline_it_was_trained_for(model: Path, tmp_path: Path):
    data = write(tmp_path / "pairs.jsonl", pairs(tmp_path, 2))
    assert train.main(options(model, data, tmp_path / "out", "diffusion-dpo")) == 0
    pipeline = PIPELINES["sd15"]()
    pipeline.load_lora_weights(tmp_path / "out")
    assert pipeline.get_active_adapters() == ["default_0"]


@pytest.mark.parametrize("method", ["diffusion-dpo", "rank-dpo", "sft"])
def test_a_training_that_was_killed_is_resumed_to_the_same_bytes(model: Path, tmp_path: Path, method: str):
    data = write(tmp_path / "pairs.jsonl", pairs(tmp_path, 6))
    assert train.main(options(model, data, tmp_path / "calm", method)) == 0
    killed = subprocess.run(
        [sys.executable, "-m", "prefloop.cli", "train", *options(model, data, tmp_path / "killed", method)],
        env={**os.environ, "PREFLOOP_CRASH_AT": "step:2"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert len(list((tmp_path / "killed").glob("checkpoint-*"))) == 1
    assert train.main(options(model, data, tmp_path / "killed", method, "--resume")) == 0
    assert files_of(tmp_path / "killed") == files_of(tmp_path / "calm")


def test_examples_name_pictures_of_a_folder_by_their_hash(model: Path, tmp_path: Path):
    images, pictures = tmp_path / "images", {}
    rows = [vote(n, pictures, 2 + n % 2) for n in range(3)]
    images.mkdir()
    for place, (sha256, content) in enumerate(pictures.items()):
        (images / f"{sha256}{['', '.png'][place % 2]}").write_bytes(content)
    broken = vote(7, {})
    data = write(tmp_path / "votes.jsonl", [*rows, broken])
    assert train.main(options(model, data, tmp_path / "out", "diffusion-dpo", "--images", str(images))) == 0
    refused = [json.loads(line) for line in (tmp_path / "out/notTrainable.jsonl").read_text().splitlines()]
    assert [(row["preference"], row["reason"]) for row in refused] == [
        (broken["preference"], "unreadableImage")
    ]


@pytest.mark.parametrize("known", [{"phi": [1.0, 0.25, 0.5]}, {"ratings": [5, 1, 3]}])
def test_lists_of_pictures_are_ranked(model: Path, tmp_path: Path, known: dict[str, list[float]]):
    rows = [
        {"prompt": f"creature {n}", "images": [file_of(tmp_path, 3 * n + i) for i in range(3)], **known}
        for n in range(2)
    ]
    data = write(tmp_path / "lists.jsonl", rows)
    assert train.main(options(model, data, tmp_path / "out", "rank-dpo")) == 0
    (metrics,) = [json.loads(line) for line in (tmp_path / "out/metrics.jsonl").read_text().splitlines()]
    # ln 2 times the weights of the pairs, of φ as it is given, or as the share of comparisons that were won
    gains = [2**phi - 1 for phi in (known.get("phi") or [1.0, 0.0, 0.5])]
    discounts = [1 / 0.6931471805599453, 1 / 1.3862943611198906, 1 / 1.0986122886681098]
    weight = sum(
        abs(gains[i] - gains[j]) * abs(discounts[i] - discounts[j]) for i, j in ((0, 1), (0, 2), (1, 2))
    )
    assert metrics["loss"] == pytest.approx(0.6931471805599453 * weight, rel=1e-4)


def test_pick_a_pic_columns_are_pairs_of_the_people_who_voted(tmp_path: Path):
    """By names of files, or by uids of pictures; a tie is one half."""
    named = [file_of(tmp_path, n) for n in range(4)]
    (tmp_path / "u-4.jpg").write_bytes(picture(4))
    (tmp_path / "u-5").write_bytes(picture(5))
    by_name = lambda a, b: {"jpg_0": named[a], "jpg_1": named[b]}
    rows = [
        {"caption": "a", **by_name(0, 1), "label_0": 1, "label_1": 0, "user_id": 17, "has_label": True},
        {"caption": "b", **by_name(2, 3), "label_0": 0.0, "label_1": 1.0, "user_id": 18},
        {"caption": "c", "image_0_uid": "u-4", "image_1_uid": "u-5", "label_0": 0.5, "label_1": 0.5},
    ]
    read = [vote for vote, _ in read_pictures(write(tmp_path / "pap.jsonl", rows), PictureFiles(None))]
    sha = [picture_sha(picture(n)) for n in range(6)]
    assert [vote.images for vote in read] == [[sha[0], sha[1]], [sha[3], sha[2]], [sha[4], sha[5]]]
    assert [(pair.chosen, pair.rejected, pair.p) for vote in read for pair in vote.pairs] == [
        (0, 1, 1.0),
        (0, 1, 1.0),
        (0, 1, 0.5),
    ]
    assert [vote.prompt.text for vote in read] == ["a", "b", "c"]
    assert [vote.user_key for vote in read] == [
        hashlib.sha256(b"17").hexdigest()[:32],
        hashlib.sha256(b"18").hexdigest()[:32],
        None,
    ]


def test_image_reward_rankings_are_all_their_pairs(model: Path, tmp_path: Path):
    named = [file_of(tmp_path, n) for n in range(3)]
    row = {"id": "000-0", "prompt": "creature", "generations": named, "ranking": [2, 1, 2]}
    data = write(tmp_path / "rankings.jsonl", [row])
    ((vote, phi),) = read_pictures(data, PictureFiles(None))
    third = pytest.approx(1 / 3)
    assert [pair.model_dump() for pair in vote.pairs] == [
        {"chosen": 1, "rejected": 0, "p": 1.0, "weight": third},
        {"chosen": 0, "rejected": 2, "p": 0.5, "weight": third},
        {"chosen": 1, "rejected": 2, "p": 1.0, "weight": third},
    ]
    assert phi is None
    assert train.main(options(model, data, tmp_path / "out", "rank-dpo")) == 0


def ppd_data(folder: Path) -> tuple[Path, list[str]]:
    """Votes of two people, what they are known by, and a user encoder."""
    rows = [
        row | {"userKey": f"{n % 2:032x}", "support": [f"h{n % 2:040x}"]}
        for n, row in enumerate(pairs(folder, 4))
    ]
    known = [
        {"preference": f"h{n:040x}", "chosen": [1.0, n], "rejected": [0.0, -n], "weight": 1.0}
        for n in range(2)
    ]
    torch.manual_seed(0)
    encoder = SetEncoder(SetEncoderShape(feature_size=2, tokens=2, width=4, hidden=8, rounds=1))
    with torch.no_grad():
        encoder.prior_E.normal_()
    (folder / "encoder").mkdir()
    (folder / "encoder/encoder.safetensors").write_bytes(write_set_encoder(encoder))
    support = write(folder / "support.jsonl", known)
    return write(folder / "votes.jsonl", rows), [
        "--encoder",
        str(folder / "encoder"),
        "--support",
        str(support),
    ]


def test_ppd_makes_a_user_attention(model: Path, tmp_path: Path):
    data, more = ppd_data(tmp_path)
    summary = tmp_path / "summary.json"
    asked = options(
        model, data, tmp_path / "out", "ppd", *more, "--held-out", str(data), "--json", str(summary)
    )
    assert train.main(asked) == 0
    assert sorted(path.name for path in (tmp_path / "out").glob("*.safetensors")) == [
        "user_attention.safetensors"
    ]
    assert json.loads(summary.read_text())["figures"]["heldOut"] == 4
    assert train.main(options(model, data, tmp_path / "again", "ppd", *more)) == 0
    assert files_of(tmp_path / "again") == files_of(tmp_path / "out")


def test_ppd_says_what_it_lacks(model: Path, tmp_path: Path):
    data, more = ppd_data(tmp_path)
    with pytest.raises(ValueError, match="ppd needs --encoder"):
        train.main(options(model, data, tmp_path / "out", "ppd"))
    with pytest.raises(ValueError, match=r"has no encoder\.safetensors"):
        train.main(options(model, data, tmp_path / "out", "ppd", "--encoder", str(tmp_path)))
    write(tmp_path / "support.jsonl", ["{}\n"])
    with pytest.raises(ValueError, match=r"support\.jsonl:1: is no support vote"):
        train.main(options(model, data, tmp_path / "out", "ppd", *more))
    nobody = write(tmp_path / "nobody.jsonl", pairs(tmp_path, 1))
    with pytest.raises(ValueError, match="1 needsUser"):
        train.main(options(model, nobody, tmp_path / "out", "ppd", *more[:2]))


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("{\n", "votes.jsonl:1: "),
        ("[1]\n", "is not a JSON object"),
        ({"chosen": "a", "rejected": "b"}, "has no prompt"),
        ({"prompt": "a"}, "neither chosen and rejected nor images"),
        ({"prompt": "a", "images": ["1.png"]}, "neither chosen and rejected nor images"),
        (
            {"prompt": "a", "chosen": "1.png", "rejected": "none.png"},
            r"votes.jsonl:1: cannot read .*none.png",
        ),
        ({"prompt": "a", "images": ["1.png"], "phi": [1, 2]}, "another number of phi or ratings"),
        ({"prompt": "a", "images": ["1.png", "1.png"], "phi": [1, 2]}, r"phi must lie in \[0, 1\]"),
        (
            {"prompt": "a", "images": ["1.png", "1.png"], "ratings": ["good", 2]},
            "phi and ratings must be numbers",
        ),
        (
            {"prompt": "a", "images": ["1.png", "1.png"], "ratings": [1, float("nan")]},
            "phi and ratings must be numbers",
        ),
        ({"prompt": "a", "chosen": "1.png", "rejected": "1.png", "userKey": "me"}, "votes.jsonl:1: userKey"),
        ({"prompt": "a", "chosen": "1.png", "rejected": "1.png"}, "1 equalTexts"),
        ({"preference": "h1"}, "votes.jsonl:1: "),
        ({"caption": "a", "jpg_0": "1.png", "jpg_1": "1.png", "label_0": 1}, "label_0 and label_1 must be"),
        (
            {"caption": "a", "jpg_0": "1.png", "jpg_1": "1.png", "label_0": True, "label_1": 0},
            "label_0 and label_1 must be",
        ),
        ({"caption": "a", "jpg_0": "1.png", "label_0": 1, "label_1": 0}, "has neither jpg_1"),
        ({"caption": "a", "label_0": 0.5, "label_1": 0.5, "has_label": False}, "has no vote"),
        (
            {"caption": "a", "jpg_0": "1.png", "image_1_uid": "none", "label_0": 1, "label_1": 0},
            "no picture of the uid none",
        ),
        ({"prompt": "a", "generations": ["1.png"], "ranking": [1, 2]}, "lists of one length"),
        ({"prompt": "a", "generations": ["1.png", "1.png"], "ranking": [1, 1.5]}, "ranking must be places"),
        ({"generations": ["1.png", "1.png"], "ranking": [1, 2]}, "has no prompt"),
    ],
)
def test_a_row_that_is_no_vote_on_pictures_is_refused_by_its_line(
    model: Path, tmp_path: Path, row: Any, said: str
):
    file_of(tmp_path, 1)
    data = write(tmp_path / "votes.jsonl", [row])
    with pytest.raises(ValueError, match=said):
        train.main(options(model, data, tmp_path / "out", "diffusion-dpo"))


def test_recipes_and_models_must_be_of_one_kind(model: Path, tmp_path: Path):
    data = write(tmp_path / "pairs.jsonl", pairs(tmp_path, 1))
    with pytest.raises(ValueError, match="dpo trains on texts, and the model draws pictures"):
        train.main(
            ["--model", str(model), "--data", str(data), "--out", str(tmp_path / "o"), "--recipe", "dpo"]
        )
    with pytest.raises(ValueError, match="rank-dpo trains on pictures"):
        train.main(["--data", str(data), "--out", str(tmp_path / "o"), "--recipe", "rank-dpo"])
    with pytest.raises(ValueError, match="is not a folder of pictures"):
        train.main(options(model, data, tmp_path / "o", "sft", "--images", str(tmp_path / "none")))

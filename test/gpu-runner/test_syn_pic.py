"""prefloop-runner syn-pic: every prompt's pictures ranked, whatever ends the command, in rows that train reads."""

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
from image.random_pipelines import PIPELINES

from prefloop.commands import syn_pic
from prefloop.commands.picture_file import PictureFiles, read_pictures

PROMPTS = [
    "a small red creature",
    "a creature, on snow",
    "a creature with a crown",
    "a large creature",
    "an eye",
]
REWARDS = """
import os, signal
from pathlib import Path

def light(prompts, images):
    return [sum(image.convert("L").tobytes()) for image in images]

def red(prompts, images):
    return [sum(image.getchannel("R").tobytes()) for image in images]

def alike(prompts, images):
    return [1.0] * len(images)

def deadly(prompts, images):
    '''Kills the command the second time that it is asked, once.'''
    calls = Path("calls")
    calls.write_text(calls.read_text() + "." if calls.exists() else ".")
    if calls.read_text() == "..":
        os.kill(os.getpid(), signal.SIGKILL)
    return light(prompts, images)

def moody(prompts, images):
    return light(prompts, images) if not Path("ill").exists() else [float("nan")] * len(images)
"""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("base")
    PIPELINES["sd15"]().save_pretrained(folder)
    return folder


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the command is started."""
    (tmp_path / "rewards_of_syn_pic_test.py").write_text(REWARDS)
    (tmp_path / "prompts.txt").write_text("\n".join(PROMPTS) + "\n\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", list(sys.path))
    monkeypatch.delitem(sys.modules, "rewards_of_syn_pic_test", raising=False)
    deterministic = torch.are_deterministic_algorithms_enabled()
    yield tmp_path
    torch.use_deterministic_algorithms(deterministic)
    sys.modules.pop("rewards_of_syn_pic_test", None)


def options(base: Path, out: str, *more: str, rewards: tuple[str, ...] = ("light", "red")) -> list[str]:
    named = [f"{name}=rewards_of_syn_pic_test:{name}" for name in rewards]
    generators = [f"{base}@steps=1", f"{base}@steps=2,guidance=1"]
    return [
        *("--prompts", "prompts.txt", "--generator", *generators, "--reward", *named, "--out", out),
        *("--batch-size", "2", "--device", "cpu", "--threads", "1", *more),
    ]  # fmt: skip


def rows_of(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(out, "rankings.jsonl").read_text().splitlines()]


def test_every_prompt_is_ranked_by_every_reward(base: Path):
    assert syn_pic.main(options(base, "out", "--json", "summary.json")) == 0
    rows = rows_of("out")
    assert [row["prompt"] for row in rows] == PROMPTS
    for row in rows:
        assert len(set(row["images"])) == 2
        for image in row["images"]:
            content = Path("out", image).read_bytes()
            assert image == f"images/{hashlib.sha256(content).hexdigest()}.png"
        assert row["rewards"].keys() == {"light", "red"}
        wins = [sum(one[i] > one[1 - i] for one in row["rewards"].values()) for i in range(2)]
        assert row["phi"] == [won / 2 for won in wins]
    summary = json.loads(Path("summary.json").read_text())
    assert (summary["name"], summary["seeds"]) == ("syn-pic", [0])
    assert summary["figures"]["prompts"] == 5
    assert summary["figures"]["phi.1"] == pytest.approx(sum(row["phi"][0] for row in rows) / 5)
    assert summary["figures"]["reward.red.2"] == pytest.approx(
        sum(row["rewards"]["red"][1] for row in rows) / 5
    )


def test_train_reads_what_it_writes(base: Path):
    syn_pic.main(options(base, "out"))
    read = list(read_pictures(Path("out", "rankings.jsonl"), PictureFiles(None)))
    assert [phi for _, phi in read] == [row["phi"] for row in rows_of("out")]
    assert [example.images for example, _ in read] == [
        [Path(image).stem for image in row["images"]] for row in rows_of("out")
    ]


def test_another_seed_draws_other_pictures_and_the_same_seed_the_same(base: Path):
    for out, seed in (("one", "1"), ("two", "2"), ("again", "1")):
        syn_pic.main(options(base, out, "--seed", seed))
    assert rows_of("one") == rows_of("again")
    pictures = [{image for row in rows_of(out) for image in row["images"]} for out in ("one", "two")]
    assert not pictures[0] & pictures[1]


def test_a_killed_command_goes_on_to_the_very_same_rows(base: Path):
    command = [sys.executable, "-m", "prefloop.cli", "syn-pic"]
    rewards = ("light", "deadly")
    killed = subprocess.run(
        [*command, *options(base, "out", rewards=rewards)], env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    assert len(rows_of("out")) == 2
    # what a kill in the middle of a row, and of a picture, leaves
    with Path("out", "rankings.jsonl").open("a") as file:
        file.write('{"prompt": "a creature w')
    Path("out", "images", ".half.png.1").write_bytes(b"half")
    assert syn_pic.main(options(base, "out", "--resume", rewards=rewards)) == 0
    assert syn_pic.main(options(base, "whole", rewards=rewards)) == 0
    for out in ("out", "whole"):
        assert {path.stem for path in Path(out, "images").iterdir()} >= {
            Path(image).stem for row in rows_of(out) for image in row["images"]
        }
    assert Path("out", "rankings.jsonl").read_bytes() == Path("whole", "rankings.jsonl").read_bytes()
    assert not list(Path("out", "images").glob(".*"))


def test_rows_cut_in_the_middle_of_a_batch_are_filled_up(base: Path):
    syn_pic.main(options(base, "out"))
    whole = Path("out", "rankings.jsonl").read_bytes()
    Path("out", "rankings.jsonl").write_bytes(b"".join(whole.splitlines(keepends=True)[:3]))
    syn_pic.main(options(base, "out", "--resume"))
    assert Path("out", "rankings.jsonl").read_bytes() == whole
    # and once all are there, going on changes nothing
    syn_pic.main(options(base, "out", "--resume"))
    assert Path("out", "rankings.jsonl").read_bytes() == whole


def test_a_failing_reward_ends_it_by_name_and_nothing_is_lost(base: Path):
    rewards = ("light", "moody")
    syn_pic.main(options(base, "whole", rewards=rewards))
    Path("ill").touch()
    with pytest.raises(ValueError, match="reward moody says nan"):
        syn_pic.main(options(base, "out", rewards=rewards))
    assert not Path("out", "rankings.jsonl").exists()
    Path("ill").unlink()
    syn_pic.main(options(base, "out", "--resume", rewards=rewards))
    assert rows_of("out") == rows_of("whole")


def test_rankings_of_something_else_are_not_gone_on_with(base: Path):
    syn_pic.main(options(base, "out"))
    with pytest.raises(ValueError, match="holds rankings already: --resume"):
        syn_pic.main(options(base, "out"))
    with pytest.raises(ValueError, match="rankings of other seed"):
        syn_pic.main(options(base, "out", "--resume", "--seed", "1"))
    with pytest.raises(ValueError, match="rankings of other rewards"):
        syn_pic.main(options(base, "out", "--resume", rewards=("light",)))
    with pytest.raises(ValueError, match="rankings of other generators"):
        syn_pic.main(options(base, "out", "--resume", "--generator", f"{base}@steps=3"))
    Path("prompts.txt").write_text("something else")
    with pytest.raises(ValueError, match="rankings of other prompts"):
        syn_pic.main(options(base, "out", "--resume"))
    Path("foreign").mkdir()
    Path("foreign", "rankings.jsonl").write_text("{}\n")
    with pytest.raises(ValueError, match=r"has a rankings\.jsonl and no syn-pic\.json"):
        syn_pic.main(options(base, "foreign"))


def test_comparisons_that_nobody_wins_are_counted(base: Path):
    syn_pic.main(options(base, "out", "--json", "summary.json", rewards=("light", "alike")))
    assert all(sum(row["phi"]) == 0.5 for row in rows_of("out"))
    assert json.loads(Path("summary.json").read_text())["figures"]["ties"] == 0.5


def test_the_oracles_of_the_world_refuse_pictures_of_another_size(base: Path):
    with pytest.raises(
        ValueError, match=r"reward tiny:cosy failed: ValueError: images must be \[B, 32, 32, 3\]"
    ):
        syn_pic.main(options(base, "out", "--reward", "tiny:cosy"))


def test_one_generator_ranks_nothing(base: Path):
    arguments = options(base, "out")
    place = arguments.index("--generator")
    with pytest.raises(ValueError, match="one picture is preferred to nothing"):
        syn_pic.main(arguments[: place + 2] + arguments[place + 3 :])
    assert not Path("out").exists()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("p.txt", "\n \n", "has no prompt"),
        ("p.txt", "fine\n" + "x" * 4001, "p.txt:2: the prompt has 4001 characters, at most 4000 fit"),
        ("p.jsonl", '{"prompt": "fine"}\nnot', "p.jsonl:2: is no JSON"),
        ("p.jsonl", '{"text": "fine"}', "p.jsonl:1: is no object with a prompt"),
        ("p.jsonl", '{"prompt": " "}', "p.jsonl:1: is no object with a prompt"),
        ("p.jsonl", '{"prompt": ["a"]}', "p.jsonl:1: is no object with a prompt"),
    ],
)
def test_what_is_no_prompt_is_named_with_its_line(name: str, content: str, message: str):
    Path(name).write_text(content)
    with pytest.raises(ValueError, match=message):
        syn_pic.read_prompts(Path(name))


def test_prompts_are_lines_or_rows():
    Path("p.jsonl").write_text('{"prompt": "one\\ntwo", "more": 1}\n\n{"prompt": "three"}\n')
    assert syn_pic.read_prompts(Path("p.jsonl")) == ["one\ntwo", "three"]
    assert syn_pic.read_prompts(Path("prompts.txt")) == PROMPTS

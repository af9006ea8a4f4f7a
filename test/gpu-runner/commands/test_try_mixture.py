"""try-mixture: what it writes is what was judged, and what fit-mixture chooses from."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from prefloop.commands import fit_mixture
from prefloop.commands.log_ratios import sha_of
from prefloop.commands.try_mixture import main
from prefloop.taste.calibrate import Calibration
from prefloop.taste.posterior import Taste
from prefloop.tiny.personal import PERSONAL
from prefloop.tiny.world import sample_prompts

NAMES = ("warmth", "length")
FOLDERS = [PERSONAL / "replies" / name for name in NAMES]
# What people of the built-in world like: warm replies, or short ones.
LIKES = {"warm/1": [0.1, 0.0], "brief/1": [-0.05, -0.1], "warm/2": [0.1, 0.02]}
ROWS = 4


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A mixture, the votes that it is of, and prompts."""
    basis = [{"name": folder.name, "adapter": sha_of(folder)} for folder in FOLDERS]
    prior = Taste(np.zeros(2), np.eye(2))
    said = fit_mixture.describe("replies", basis, prior, 10.0, Calibration(1.0, 1.5), {})
    (tmp_path / "encoder.json").write_text(said.model_dump_json(by_alias=True))
    votes = [{"userKey": user, "chosen": chosen, "rejected": [0.0, 0.0]} for user, chosen in LIKES.items()]
    (tmp_path / "votes.jsonl").write_text("".join(json.dumps(vote) + "\n" for vote in votes * ROWS))
    prompts = [{"prompt": prompt.messages} for prompt in sample_prompts("replies", 3, 0, "held_out")]
    (tmp_path / "prompts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in prompts))
    return tmp_path


def options(place: Path, *more: str) -> list[str]:
    files = ["--votes", str(place / "votes.jsonl"), "--prompts", str(place / "prompts.jsonl")]
    basis = ["--basis", *map(str, FOLDERS), "--mixture", str(place), "--out", str(place / "tried.jsonl")]
    return [*files, *basis, "--temperature", "0.7", "--device", "cpu", "--threads", "1", *more]


def tried(place: Path, *more: str) -> list[dict[str, float]]:
    assert main(options(place, "--max-tokens", "120", *more)) == 0
    return [json.loads(line) for line in (place / "tried.jsonl").read_text().splitlines()]


@pytest.fixture
def judge() -> Iterator[ModuleType]:
    """Likes long answers, and finds those with an exclamation mark unsound; remembers what it was asked."""
    module = ModuleType("made_judge")
    module.asked = []

    def score(user: str, prompts: list[str], answers: list[str]) -> list[float | None]:
        module.asked.append((user, prompts, answers))
        return [None if "!" in text else float(len(text)) for text in answers]

    module.score = score
    sys.modules["made_judge"] = module
    yield module
    del sys.modules["made_judge"]


def test_people_like_their_own_mixture_better_until_it_is_bent_too_far(place: Path):
    grid = ["--strengths", "0", "2", "40", "--max-weights", "2", "40"]
    none, _, fitting, _, _, broken = tried(place, *grid)
    assert (fitting["strength"], fitting["maxWeight"]) == (2, 2)
    assert fitting["winRate"] > none["winRate"] + 0.1 and fitting["sound"] > 0.8
    assert abs(none["winRate"] - 0.5) < 0.2
    assert broken["sound"] < 0.3 and broken["winRate"] < 0.3


def test_the_figures_are_those_of_what_the_judge_said(place: Path, judge: ModuleType):
    grid = ["--strengths", "1", "--max-weights", "1.5", "--against", "2", "--judge", "made_judge:score"]
    (row,) = tried(place, *grid, "--people", "2", "--json", str(place / "summary.json"))
    users = [user for user, _, _ in judge.asked]
    assert users == ["warm/1", "brief/1"] * 2
    theirs, ours = judge.asked[:2], judge.asked[2:]
    assert [len(texts) for _, _, texts in judge.asked] == [6, 6, 3, 3]
    assert theirs[0][1] == [prompt for prompt in ours[0][1] for _ in range(2)]
    # none of these is cut at 120 tokens
    value = lambda text: -1 if "!" in text else len(text)
    wins = [
        0.5 + 0.5 * np.sign(value(mine[2][at]) - value(other[2][2 * at + n]))
        for mine, other in zip(ours, theirs, strict=True)
        for at in range(3)
        for n in range(2)
    ]
    sound = lambda side: [text for _, _, texts in side for text in texts if "!" not in text]
    assert row["winRate"] == pytest.approx(np.mean(wins))
    assert row["sound"] == pytest.approx(len(sound(ours)) / 6)
    length = lambda side: np.mean([len(text) for text in sound(side)])
    assert row["lengthRatio"] == pytest.approx(length(ours) / length(theirs))
    figures = json.loads((place / "summary.json").read_text())["figures"]
    assert figures == {"people": 2, "prompts": 3, "baseSound": pytest.approx(len(sound(theirs)) / 12)}


def test_an_answer_that_was_cut_is_not_sound(place: Path, judge: ModuleType):
    with pytest.raises(ValueError, match="finds no answer of the base sound"):
        main(options(place, "--max-tokens", "3", "--judge", "made_judge:score"))


def test_fit_mixture_takes_what_was_written(place: Path):
    rows = tried(place, "--strengths", "0.5", "2", "--max-weights", "2", "--people", "2")
    named = [f"{folder.name}={sha_of(folder)}" for folder in FOLDERS]
    fitting = ["--votes", str(place / "votes.jsonl"), "--basis", *named, "--domain", "replies"]
    chosen = [
        *fitting,
        "--tried",
        str(place / "tried.jsonl"),
        "--min-sound",
        "0.5",
        "--out",
        str(place / "new"),
    ]
    assert fit_mixture.main(chosen) == 0
    said = json.loads((place / "new" / "encoder.json").read_text())
    best = max(rows, key=lambda row: row["winRate"])
    assert (said["strength"], said["maxWeight"]) == (best["strength"], best["maxWeight"])


def test_what_it_cannot_try_is_refused(place: Path, judge: ModuleType):
    with pytest.raises(ValueError, match="place 1 is another one"):
        main([*options(place), "--basis", *map(str, reversed(FOLDERS))])
    with pytest.raises(ValueError, match="place 2 is another one"):
        main([*options(place), "--basis", str(FOLDERS[0])])
    with pytest.raises(ValueError, match="neither tiny nor module:function"):
        main(options(place, "--judge", "nobody"))
    with pytest.raises(ValueError, match="judge no_such_module:score cannot be loaded"):
        main(options(place, "--judge", "no_such_module:score"))
    for said, wrong in (([1.0], "one number for each of"), ([float("nan")] * 24, "no finite number")):
        judge.score = lambda user, prompts, answers, said=said: said
        with pytest.raises(ValueError, match=wrong):
            main(options(place, "--max-tokens", "3", "--judge", "made_judge:score"))
    (place / "encoder.json").write_text("{}")
    with pytest.raises(ValueError, match="encoder.json: kind"):
        main(options(place))

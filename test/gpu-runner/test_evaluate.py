"""prefloop-runner evaluate on the built-in model."""

import json
from pathlib import Path

import pytest

from prefloop.commands.evaluate import main
from prefloop.tiny.world import sample_prompts


def prompts(path: Path, count: int) -> Path:
    rows = [{"prompt": one.messages} for one in sample_prompts("scenes", count, 0, "held_out")]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_the_base_against_itself_is_even_and_its_answers_can_be_read_elsewhere(tmp_path: Path):
    asked = prompts(tmp_path / "asked.jsonl", 12)
    exports = ["--export", "alpaca-eval", "--export", "lm-eval"]
    out, summary = tmp_path / "out", tmp_path / "summary.json"
    arguments = ["--prompts", str(asked), "--out", str(out), "--json", str(summary), "--threads", "1"]
    assert main([*arguments, "--temperature", "0", "--max-tokens", "100", *exports]) == 0
    figures = json.loads(summary.read_text())["figures"]
    # both sides say the likeliest: every comparison is a tie
    assert figures["winRate"] == {"value": 0.5, "low": 0.5, "high": 0.5, "n": 12}
    assert figures["lengthControlledWinRate"]["value"] == pytest.approx(0.5)
    rows = [json.loads(line) for line in (out / "answers.jsonl").read_text().splitlines()]
    assert len(rows) == 12 and all(row["answer"] == row["against"] for row in rows)
    assert len(json.loads((out / "alpaca_eval.json").read_text())) == 12
    assert len((out / "samples_prefloop.jsonl").read_text().splitlines()) == 12


@pytest.mark.parametrize(
    ("line", "said"),
    [("{}", "asked.jsonl:1: is no object with a prompt"), ("nonsense", "asked.jsonl:1"), ("", "no prompt")],
)
def test_a_line_that_is_no_prompt_is_refused_by_its_number(tmp_path: Path, line: str, said: str):
    path = tmp_path / "asked.jsonl"
    path.write_text(line + "\n")
    with pytest.raises(ValueError, match=said):
        main(["--prompts", str(path), "--out", str(tmp_path / "out")])


def test_a_judge_that_is_none_is_refused_by_name(tmp_path: Path):
    with pytest.raises(ValueError, match="--judge"):
        main(["--prompts", "x", "--out", "y", "--judge", "oracle"])


def test_a_judge_that_cannot_be_reached_ends_the_command_and_makes_nothing_up(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("prefloop.judges.http.PAUSE", 0.0)
    asked = prompts(tmp_path / "asked.jsonl", 2)
    judge = json.dumps({"type": "http", "url": "http://127.0.0.1:9/v1", "model": "m", "timeoutSeconds": 1})
    with pytest.raises(ValueError, match="--judge: the judge failed"):
        main(["--prompts", str(asked), "--out", str(tmp_path / "out"), "--judge", judge, "--max-tokens", "8"])
    assert not (tmp_path / "out").exists()

"""The harness of the experiments: verdicts, what a result belongs to, going on after a cut."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2] / "gpu-runner"
sys.path.insert(0, str(ROOT))

from papers.__main__ import available, describe, judge, main, names
from papers.context import Context
from papers.experiment import Claim, minus
from papers.experiments import real_pairs
from papers.results import Results, identity_of
from papers.schedule import Outcome, digest_of, load
from papers.verdict import decide, paired_interval


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ([0.05, 0.06, 0.04, 0.05, 0.06], "reproduced"),
        ([-0.05, -0.06, -0.04, -0.05, -0.06], "contradicted"),
        ([0.05, -0.06, 0.04, -0.05, 0.06], "inconclusive"),
    ],
)
def test_a_verdict_needs_an_interval_without_zero(values: list[float], verdict: str):
    assert decide(paired_interval(values)) == verdict


def test_the_interval_is_students():
    interval = paired_interval([1.0, 2.0, 3.0, 4.0, 5.0])
    assert interval.value == 3 and interval.high - 3 == pytest.approx(2.776 * (2.5**0.5) / 5**0.5)
    with pytest.raises(ValueError):
        paired_interval([1.0])


def test_evidence_is_paired_by_seed():
    by_seed = {seed: {"a": {"win": 0.5 + 0.1 * seed}, "b": {"win": 0.4 + 0.1 * seed}} for seed in range(5)}
    said = judge(Claim("a wins", "–", minus("a", "b", "win")), Outcome({}, {}, by_seed, 0.0))
    # the seeds differ widely, the pairs hardly
    assert said["verdict"] == "reproduced" and said["evidence"]["value"] == pytest.approx(0.1)
    untested = judge(Claim("a is cheap", "–", untestable="no clock"), Outcome({}, {}, by_seed, 0.0))
    assert untested["verdict"] == "not testable here" and untested["why"] == "no clock"


def test_a_result_counts_only_for_the_code_that_made_it(tmp_path: Path):
    results = Results(tmp_path, "one")
    results.write("dpo-0-1", {"figures": {"win": 1.0}})
    assert results.read("dpo-0-1")["figures"] == {"win": 1.0}
    assert Results(tmp_path, "other").read("dpo-0-1") is None
    (tmp_path / "dpo-0-2.json").write_text('{"identity": "one", "figu')
    assert results.read("dpo-0-2") is None


def test_comments_do_not_make_other_code():
    module = sys.modules[type(load("simpo")[0]).__module__]
    assert identity_of(module, True) != identity_of(module, False) == identity_of(module, False)


@pytest.mark.parametrize("name", names())
def test_every_experiment_is_described_in_full(name: str):
    experiment, *_ = load(name)
    assert experiment.name == name and experiment.seeds >= 5 and experiment.settings
    # baselines are tuned as carefully as the method
    assert len({len(arm.grid) for arm in experiment.arms.values() if len(arm.grid) > 1}) <= 1
    for claim in experiment.claims:
        assert claim.text and claim.authors


def test_an_experiment_runs_and_goes_on_where_it_was_cut(tmp_path: Path, capsys: pytest.CaptureFixture):
    options = [
        "egida",
        "--quick",
        "--workers",
        "2",
        "--runs",
        str(tmp_path / "runs"),
        "--out",
        str(tmp_path / "out"),
    ]
    assert main(options) == 0
    report = json.loads((tmp_path / "out" / "egida.json").read_text())
    assert report["seeds"] == [0, 1] and set(report["figures"]) == set(load("egida")[0].arms)
    kept = tmp_path / "runs" / "quick" / "egida" / "egida-0-1.json"
    before = kept.stat().st_mtime_ns
    (tmp_path / "runs" / "quick" / "egida" / "base-0-0.json").unlink()
    assert main(options) == 0
    assert kept.stat().st_mtime_ns == before
    again = json.loads((tmp_path / "out" / "egida.json").read_text())
    assert again["figures"] == report["figures"] and again["claims"] == report["claims"]


def test_real_data_is_asked_for_by_name_and_left_out_otherwise(tmp_path: Path, capsys: pytest.CaptureFixture):
    assert "real-pairs" not in list(available([], None, print))
    assert "real-pairs: left out" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="gsm8k/pairs.jsonl"):
        list(available(["real-pairs"], tmp_path, print))
    (tmp_path / "gsm8k").mkdir()
    rows = [
        {
            "prompt": f"How many are {n} and {n}?",
            "chosen": f"They are {2 * n}.",
            "rejected": f"They are {3 * n}, I say.",
        }
        for n in range(1, 30)
    ]
    file = tmp_path / "gsm8k" / "pairs.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert list(available(["real-pairs"], tmp_path, print)) == ["real-pairs"]
    context = Context(0, quick=True, data=tmp_path)
    train, held_out = real_pairs.pairs_of(context)
    questions = [{one.prompt.messages[0].content for one in some} for some in (train, held_out)]
    assert len(questions[0]) == len(train) == 8 and not questions[0] & questions[1]
    figures = real_pairs.EXPERIMENT.arms["dpo"].run(context, {})
    assert figures["shorterAccuracy"] == 1 and figures["rejectedChange"] < 0
    before = digest_of(real_pairs.EXPERIMENT, tmp_path)
    file.write_text(file.read_text() + json.dumps(rows[0]) + "\n")
    assert before and digest_of(real_pairs.EXPERIMENT, tmp_path) != before


def test_what_is_described_has_an_interval_for_every_figure():
    experiment, *_ = load("simpo")
    by_seed = {
        seed: {arm: {"winRate": 0.5, "parses": 1.0, "winRateAtEqualLength": 0.5} for arm in experiment.arms}
        for seed in (0, 1)
    }
    outcome = Outcome({arm: {} for arm in experiment.arms}, {}, by_seed, 1.0)
    report = describe(replace(experiment, notes=("a note",)), outcome)
    assert report["figures"]["dpo"]["winRate"] == {"value": 0.5, "low": 0.5, "high": 0.5, "n": 2}

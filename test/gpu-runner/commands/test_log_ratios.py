"""log-ratios: rows keep what they say, and get what a server would have said of their answers."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from prefloop.adapters.files import write_peft
from prefloop.adapters.lora import new_adapter
from prefloop.base import Base, load_base
from prefloop.canonical_json import canonical_sha
from prefloop.commands import fit_mixture
from prefloop.commands.log_ratios import main, sha_of
from prefloop.commands.score import read_adapter
from prefloop.text.log_ratios import log_ratios

ASKED = [{"role": "user", "content": "Where is parcel 3?"}]
ANSWERS = ["It is on its way.", "Ask somebody else, please."]
said = lambda text: [{"role": "assistant", "content": text}]
PAIR = {"prompt": ASKED, "chosen": said(ANSWERS[0]), "rejected": said(ANSWERS[1]), "user": "anna"}


@pytest.fixture(scope="module")
def base() -> Base:
    return load_base("tiny", "fp32", "cpu")


@pytest.fixture(scope="module")
def folders(base: Base, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    place = tmp_path_factory.mktemp("basis")
    for seed in (0, 1):
        adapter = new_adapter(base.trunk.layers, 2, 4.0, seed)
        with torch.no_grad():
            adapter.flat.normal_(std=0.1, generator=torch.Generator().manual_seed(seed))
        (place / str(seed)).mkdir()
        for name, content in write_peft(adapter.freeze(), base.trunk.layers, "tiny").items():
            (place / str(seed) / name).write_bytes(content)
    return [place / "0", place / "1"]


def run(tmp_path: Path, folders: list[Path], lines: list[Any], *more: str) -> list[str]:
    data, out = tmp_path / "rows.jsonl", tmp_path / "out.jsonl"
    data.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
    options = ["--basis", *map(str, folders), "--data", str(data), "--out", str(out), "--device", "cpu"]
    assert main([*options, *more]) == 0
    return out.read_text().splitlines()


def test_every_form_of_a_row_gets_a_vector_an_answer(base: Base, folders: list[Path], tmp_path: Path):
    forms = [
        PAIR,
        {
            "input": {"messages": ASKED},
            "preferred_output": PAIR["chosen"],
            "non_preferred_output": PAIR["rejected"],
        },
        {"prompt": ASKED, "completion": said(ANSWERS[0]), "label": True},
        {
            "instruction": "Where is parcel 3?",
            "completions": [{"response": text, "overall_score": 1} for text in ANSWERS],
        },
    ]
    rows = [json.loads(line) for line in run(tmp_path, folders, forms, "--chat")]
    completions = [base.encoder.completion_ids(text) for text in ANSWERS]
    basis = [read_adapter(base, folder) for folder in folders]
    expected = log_ratios(base.trunk, basis, base.encoder.prompt_ids(ASKED), completions)
    for row, form in zip(rows, forms, strict=True):
        features = row.pop("features")
        assert row == form
        assert features["space"] == canonical_sha([sha_of(folder) for folder in folders])
        assert features["values"] == [
            pytest.approx(one, abs=1e-5) for one in expected[: len(features["values"])]
        ]
    assert abs(expected[0][0] - expected[0][1]) > 1e-3


def test_the_system_message_of_the_domain_is_part_of_what_was_asked(
    base: Base, folders: list[Path], tmp_path: Path
):
    system = {"role": "system", "content": "You are brief."}
    own = PAIR | {"prompt": [{"role": "system", "content": "You are long."}, *ASKED]}
    explicit, alone, kept = (
        json.loads(line)["features"]["values"]
        for line in run(
            tmp_path, folders, [PAIR | {"prompt": [system, *ASKED]}, PAIR, own], "--system", system["content"]
        )
    )
    assert explicit == alone != kept


def test_what_cannot_be_read_stays_as_it_is_line_for_line(folders: list[Path], tmp_path: Path):
    lines = [
        "no JSON {",
        "",
        {"chosen": "a", "rejected": "b"},
        {"prompt": "", "chosen": "a", "rejected": "b"},
        {"prompt": [{"role": "tool", "content": "x"}], "chosen": "a", "rejected": "b"},
        {"prompt": "word " * 3000, "chosen": "a", "rejected": "b"},
        {"prompt": "Why", "chosen": "", "rejected": "b"},
        {"prompt": "Why", "chosen": 1, "rejected": "b"},
    ]
    found = run(tmp_path, folders, [*lines, PAIR], "--json", str(tmp_path / "figures.json"))
    assert found[:-1] == [line if isinstance(line, str) else json.dumps(line) for line in lines]
    assert "features" in json.loads(found[-1])
    figures = json.loads((tmp_path / "figures.json").read_text())["figures"]
    assert figures == {"rows": 8, "without": 7, "votes": 1}


def test_votes_of_known_people_are_what_a_mixture_is_fitted_to(folders: list[Path], tmp_path: Path):
    votes = tmp_path / "votes.jsonl"
    pick = [PAIR | {"rejected": said(text)} for text in ANSWERS[1:] + ["No.", "Wait."]]
    other = PAIR | {"user": "ben", "chosen": PAIR["rejected"], "rejected": PAIR["chosen"], "confidence": 0.75}
    nothing = [{**PAIR, "user": None}, {**PAIR, "confidence": 0.5}, {**PAIR, "confidence": "sure"}]
    rows = [
        json.loads(line) for line in run(tmp_path, folders, [*pick, other, *nothing], "--votes", str(votes))
    ]
    found = [json.loads(line) for line in votes.read_text().splitlines()]
    assert [(vote["userKey"], vote["weight"]) for vote in found] == [("anna", 1 / 3)] * 3 + [("ben", 0.5)]
    assert [[vote["chosen"], vote["rejected"]] for vote in found] == [
        row["features"]["values"] for row in rows[:4]
    ]
    assert set(found[0]) == {"userKey", "chosen", "rejected", "weight"}

    named = [f"{folder.name}x={sha_of(folder)}" for folder in folders]
    options = ["--votes", str(votes), "--basis", *named, "--domain", "replies", "--out", str(tmp_path)]
    assert fit_mixture.main(options) == 0
    assert json.loads((tmp_path / "encoder.json").read_text())["space"] == rows[0]["features"]["space"]


@pytest.mark.parametrize("option", ["--out", "--votes"])
def test_the_file_that_is_read_is_not_written(folders: list[Path], tmp_path: Path, option: str):
    data = tmp_path / "rows.jsonl"
    data.write_text(json.dumps(PAIR) + "\n")
    with pytest.raises(ValueError, match=r"rows\.jsonl is the file that is read"):
        main(["--basis", str(folders[0]), "--data", str(data), option, str(data), "--device", "cpu"])
    assert json.loads(data.read_text()) == PAIR

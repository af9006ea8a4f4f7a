"""The command line: what it makes, what it refuses and how it ends."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import torch

from prefloop.adapters.files import read_peft
from prefloop.cli import ALLOCATOR
from prefloop.commands import run, score, train
from prefloop.text.trunk import load_trunk

RECIPE = json.dumps(
    {"method": "ofs-dpo", "rank": 2, "loraAlpha": 4, "microBatch": 4, "learningRate": 3e-3, "maxLength": 60}
)


@pytest.fixture(autouse=True)
def settings() -> Iterator[None]:
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    deterministic = torch.are_deterministic_algorithms_enabled()
    yield
    torch.use_deterministic_algorithms(deterministic)
    for number, handler in handlers.items():
        signal.signal(number, handler)


def write(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join(row if isinstance(row, str) else json.dumps(row) + "\n" for row in rows))
    return path


def pairs(count: int, first: int = 0) -> list[dict[str, Any]]:
    return [
        {
            "prompt": [{"role": "user", "content": f"Where is parcel {number}?"}],
            "chosen": [{"role": "assistant", "content": f"Your parcel {number} is on its way."}],
            "rejected": [{"role": "assistant", "content": f"No idea about {number}."}],
        }
        for number in range(first, first + count)
    ]


def cli(*args: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "prefloop.cli", *args],
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def train_on(data: Path, out: Path, *more: str) -> list[str]:
    options = ["--recipe", RECIPE, "--batch-size", "8", "--threads", "1", "--device", "cpu"]
    return [*options, "--data", str(data), "--out", str(out), *more]


def files_of(out: Path) -> dict[str, bytes]:
    state = next(out.glob("checkpoint-*/state.safetensors"))
    names = ("adapter_config.json", "adapter_model.safetensors")
    return {name: (out / name).read_bytes() for name in names} | {"state": state.read_bytes()}


def test_training_on_a_file_makes_an_adapter_that_agrees_with_pairs_it_has_not_seen(tmp_path: Path):
    data = write(tmp_path / "pairs.jsonl", [*pairs(24), pairs(1)[0] | {"rejected": ""}])
    held_out = write(tmp_path / "held-out.jsonl", pairs(10, first=50))
    out, summary = tmp_path / "out", tmp_path / "summary.json"
    assert train.main(train_on(data, out, "--held-out", str(held_out), "--json", str(summary))) == 0
    read = json.loads(summary.read_text())
    assert set(read) == {"name", "command", "machine", "seeds", "figures"}
    figures = read["figures"]
    assert (figures["preferences"], figures["notTrainable"], figures["batches"]) == (24, 1, 3)
    assert figures["heldOut"] == 10 and figures["heldOutAccuracy"] > 0.9 and figures["loss"] < 0.6
    assert json.loads((out / "notTrainable.jsonl").read_text())["reason"] == "emptyCompletion"
    losses = [json.loads(line)["loss"] for line in (out / "metrics.jsonl").read_text().splitlines()]
    assert len(losses) == 3 and losses[0] > losses[-1]
    folder = {path.name: path.read_bytes() for path in out.glob("adapter_*")}
    assert read_peft(folder, load_trunk("tiny").layers).r == 2


def test_a_training_that_was_killed_is_resumed_to_the_same_bytes(tmp_path: Path):
    data = write(tmp_path / "pairs.jsonl", pairs(24))
    assert train.main(train_on(data, tmp_path / "calm")) == 0
    killed = cli("train", *train_on(data, tmp_path / "killed"), env={"PREFLOOP_CRASH_AT": "step:4"})
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert len(list((tmp_path / "killed").glob("checkpoint-*"))) == 1
    assert train.main(train_on(data, tmp_path / "killed", "--resume")) == 0
    assert files_of(tmp_path / "killed") == files_of(tmp_path / "calm")
    metrics = [(tmp_path / name / "metrics.jsonl").read_text() for name in ("killed", "calm")]
    assert metrics[0] == metrics[1]


def test_a_training_is_not_overwritten_nor_resumed_as_another(tmp_path: Path):
    data = write(tmp_path / "pairs.jsonl", pairs(4))
    assert train.main(train_on(data, tmp_path / "out")) == 0
    with pytest.raises(ValueError, match="--resume goes on with it"):
        train.main(train_on(data, tmp_path / "out"))
    with pytest.raises(ValueError, match="another recipe, file or batch size"):
        train.main([*train_on(data, tmp_path / "out", "--resume"), "--recipe", "dpo"])


@pytest.mark.parametrize(
    ("recipe", "said"),
    [
        ("grpo", "--recipe"),
        ('{"method": "dpo", "beta": -1}', "beta: Input should be greater than 0"),
        ('{"method": "dpo", "betta": 1}', "betta"),
        ('{"method": ', "Invalid JSON"),
    ],
)
def test_a_recipe_that_is_none_is_refused_by_name(tmp_path: Path, recipe: str, said: str):
    data = write(tmp_path / "pairs.jsonl", pairs(1))
    with pytest.raises(ValueError, match=said):
        train.main(["--recipe", recipe, "--data", str(data), "--out", str(tmp_path / "out")])


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("{\n", "pairs.jsonl:2: "),
        ('{"prompt": "a", "chosen": "b"}\n', "has no rejected"),
        ('{"prompt": "a", "chosen": [], "rejected": "c"}\n', "lists of one assistant message"),
        ('{"prompt": "", "chosen": "b", "rejected": "c"}\n', "pairs.jsonl:2: prompt.text"),
        ("[1]\n", "is not a JSON object"),
    ],
)
def test_a_row_that_is_no_example_is_refused_by_its_line(tmp_path: Path, row: str, said: str):
    data = write(tmp_path / "pairs.jsonl", [*pairs(1), row])
    with pytest.raises(ValueError, match=said):
        train.main(train_on(data, tmp_path / "out"))


def test_scores_are_those_of_the_base_and_of_the_adapter_row_by_row(tmp_path: Path):
    data = write(tmp_path / "pairs.jsonl", pairs(16))
    assert train.main(train_on(data, tmp_path / "out")) == 0
    question = "Where is parcel 3?"
    texts = ["Your parcel 3 is on its way.", "No idea about 3."]
    rows = write(
        tmp_path / "rows.jsonl",
        [
            {"prompt": [{"role": "user", "content": question}], "chosen": texts[0], "rejected": texts[1]},
            {"prompt": {"messages": [{"role": "user", "content": question}]}, "completions": texts},
            {"prompt": "Once", "completion": " upon a time"},
            {"prompt": "no completion"},
            "not JSON\n",
            {"prompt": "a " * 5000, "completion": "b"},
        ],
    )
    out = tmp_path / "scores.jsonl"
    assert score.main(["--data", str(rows), "--adapter", str(tmp_path / "out"), "--out", str(out)]) == 0
    first, second, plain, *errors = (json.loads(line) for line in out.read_text().splitlines())
    assert first | {"row": 1} == second
    gains = [after - before for after, before in zip(first["adapter"], first["base"], strict=True)]
    assert gains[0] > gains[1] and all(logp < 0 for logp in first["base"])
    assert len(plain["base"]) == 1
    assert [set(row) for row in errors] == [{"row", "error"}] * 3
    assert "tokens, at most" in errors[2]["error"]


class Refusing(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = json.dumps(
            {"code": "unauthorized", "message": "This key is unknown.", "requestId": "r"}
        ).encode()
        self.send_response(401)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def refusing_edge() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


Main = Callable[..., int]


@pytest.fixture
def run_main(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Main:
    monkeypatch.setenv("PREFLOOP_KEY", "sk_a_b")

    def start(*args: str) -> int:
        return run.main([*args, "--cache", str(tmp_path), "--threads", "1", "--device", "cpu"])

    return start


def test_a_key_that_the_edge_refuses_ends_the_runner(
    run_main: Main, refusing_edge: str, capsys: pytest.CaptureFixture[str]
):
    assert run_main("--edge", refusing_edge) == 3
    assert "This key is unknown." in capsys.readouterr().err


def test_an_edge_that_does_not_answer_is_said_once_and_ends_an_impatient_runner(
    run_main: Main, capsys: pytest.CaptureFixture[str]
):
    assert run_main("--edge", "http://127.0.0.1:9", "--patience", "1.5", "--log", "json") == 4
    said = capsys.readouterr()
    waiting = [json.loads(line) for line in said.out.splitlines() if "waiting for it" in line]
    assert len(waiting) == 1 and waiting[0]["event"] == "edge"
    assert "does not answer" in said.err


def test_a_runner_without_a_key_says_which_variable_is_empty(run_main: Main, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("PREFLOOP_KEY")
    with pytest.raises(ValueError, match="PREFLOOP_KEY holds no key"):
        run_main("--edge", "http://127.0.0.1:9")


def test_bad_input_is_one_sentence_and_no_traceback(tmp_path: Path):
    for args in (
        ["train", "--data", str(tmp_path / "missing.jsonl"), "--out", str(tmp_path / "out")],
        ["score", "--data", "x", "--model", str(tmp_path)],
        ["nonsense"],
    ):
        ended = cli(*args)
        assert ended.returncode == 2
        assert "prefloop-runner" in ended.stderr and "Traceback" not in ended.stderr


def test_every_command_explains_itself():
    assert all(name in cli("--help").stdout for name in ("run", "serve", "train", "score"))


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's allocator is Linux's")
def test_the_allocator_is_set_once_and_never_against_the_users_word():
    code = (
        "from prefloop.cli import keep_memory; import os; keep_memory(); print(os.environ['MALLOC_TOP_PAD_'])"
    )
    bare = {name: value for name, value in os.environ.items() if name not in ALLOCATOR}
    ended = [
        subprocess.run(
            [sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=60, check=True
        ).stdout
        for env in (bare, bare | {"MALLOC_TOP_PAD_": "7"})
    ]
    assert ended == [f"{ALLOCATOR['MALLOC_TOP_PAD_']}\n", "7\n"]

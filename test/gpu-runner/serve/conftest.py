"""Servers around one small random model, and adapters in a folder as PEFT writes them."""

import copy
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from random_models import byte_tokenizer, random_trunk, strong_adapter
from running_server import FINGERPRINT, Running, Start, publish

from prefloop.adapters.files import read_peft, write_peft
from prefloop.adapters.lora import Adapter
from prefloop.base import Base
from prefloop.serve.assemble import assemble
from prefloop.serve.source import from_folder
from prefloop.text.encode import TextEncoder
from prefloop.text.trunk import Trunk


@pytest.fixture(scope="session")
def trunk() -> Trunk:
    return random_trunk(seed=3)


@pytest.fixture(scope="session")
def encoder() -> TextEncoder:
    return TextEncoder(byte_tokenizer())


@pytest.fixture(scope="session")
def adapter_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("adapters")


@pytest.fixture(scope="session")
def adapters(trunk: Trunk, adapter_folder: Path) -> dict[str, Adapter]:
    """Eight strong adapters by sha, all published; the values are what a server reads back."""
    published = {}
    for seed in range(8):
        files = write_peft(
            strong_adapter(trunk, seed, r=2 + seed % 3), trunk.layers, trunk.name, dtype=torch.float32
        )
        published[publish(adapter_folder, files)] = read_peft(files, trunk.layers).freeze()
    return published


@pytest.fixture
def start(trunk: Trunk, encoder: TextEncoder, adapter_folder: Path) -> Iterator[Start]:
    """start(sources=…, end_ids=…, **options of assemble) -> a running server, stopped at the end of the test."""
    running: list[Running] = []

    def begin(**options: object) -> Running:
        sources = options.pop("sources", [from_folder(adapter_folder)])
        texts = copy.copy(encoder)
        texts.end_ids = options.pop("end_ids", encoder.end_ids)
        running.append(Running(assemble(Base("random", trunk, texts, FINGERPRINT), sources, **options)))
        return running[-1]

    yield begin
    for server in running:
        server.stop()


@pytest.fixture(scope="module")
def server(trunk: Trunk, encoder: TextEncoder, adapter_folder: Path) -> Iterator[Running]:
    """One server for the tests that leave it as it was."""
    base = Base("random", trunk, encoder, FINGERPRINT)
    running = Running(assemble(base, [from_folder(adapter_folder)], slots=16))
    yield running
    running.stop()

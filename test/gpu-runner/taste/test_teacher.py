"""A vision-language model reads votes, and a set encoder learns what it says of them: a random LLaVA, a few kilobytes."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image
from taste.random_teacher import WIDTH, save_teacher, write_votes

from prefloop.commands import fit_encoder
from prefloop.taste.fit import FitOptions, fit_set_encoder, taught_loss
from prefloop.taste.lessons import count_readings, read_lessons
from prefloop.taste.set_encoder import SetEncoderShape, read_set_encoder
from prefloop.taste.teacher import INSTRUCTION, Teacher, load_teacher
from prefloop.taste.vote_file import SeenPair, VoteFile, read_votes


@pytest.fixture(autouse=True)
def settings() -> Iterator[None]:
    deterministic = torch.are_deterministic_algorithms_enabled()
    yield
    torch.use_deterministic_algorithms(deterministic)


@pytest.fixture(scope="module", params=["plain", "chat"])
def teacher(request, tmp_path_factory: pytest.TempPathFactory) -> Teacher:
    folder = tmp_path_factory.mktemp("teachers") / request.param
    return load_teacher(str(save_teacher(folder, chat=request.param == "chat")))


@pytest.fixture
def seen(tmp_path: Path) -> list[SeenPair]:
    colours = ["red", "blue", "green", "white", "yellow", "black", "grey", "pink"]
    for colour in colours:
        Image.new("RGB", (12, 10), colour).save(tmp_path / f"{colour}.png")
    at = lambda n: tmp_path / f"{colours[n]}.png"
    return [SeenPair(f"choice {n}", at(2 * n), at(2 * n + 1)) for n in range(4)]


def test_it_says_another_thing_of_other_captions_pictures_and_choices(teacher: Teacher, seen: list[SeenPair]):
    said_D = teacher.read(seen)
    assert said_D.shape == (WIDTH,) == (teacher.size,) and torch.equal(said_D, teacher.read(seen))
    first = seen[0]
    others = [
        replace(first, caption="Choice 0"),
        replace(first, chosen=seen[2].chosen),
        replace(first, chosen=first.rejected, rejected=first.chosen),
    ]
    for other in others:
        assert (teacher.read([other, *seen[1:]]) - said_D).abs().max() > 1e-4
    assert (teacher.read(seen[:3]) - said_D).abs().max() > 1e-4


def test_what_it_says_is_the_mean_of_its_last_layer(teacher: Teacher, seen: list[SeenPair]):
    inputs = teacher._inputs(seen[:1])
    whole = teacher.model(**inputs, output_hidden_states=True)
    torch.testing.assert_close(teacher.read(seen[:1]), whole.hidden_states[-1][0].mean(0))
    text = teacher.processor.decode(inputs["input_ids"][0])
    assert INSTRUCTION in text and 'Choice 1, of "choice 0". Preferred: <image>' in text
    assert len(inputs["pixel_values"]) == 2


def test_what_it_cannot_read_is_refused(teacher: Teacher, seen: list[SeenPair], tmp_path: Path):
    with pytest.raises(ValueError, match=r"cannot read the picture none\.png"):
        teacher.read([replace(seen[0], chosen=tmp_path / "none.png")])
    (tmp_path / "text.png").write_text("a text")
    with pytest.raises(ValueError, match=r"cannot read the picture text\.png: it is no PNG"):
        teacher.read([replace(seen[0], rejected=tmp_path / "text.png")])
    short = load_teacher(str(save_teacher(tmp_path / "short", context=64)))
    with pytest.raises(ValueError, match="1 votes are .* tokens, and the teacher reads 64"):
        short.read(seen[:1])
    with pytest.raises(ValueError, match="cannot load a teacher from '/nowhere'"):
        load_teacher("/nowhere")


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_teacher(tmp_path_factory.mktemp("teachers") / "plain")


@pytest.fixture(scope="module")
def votes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_votes(tmp_path_factory.mktemp("votes"), people=60)


def test_readings_are_of_four_votes_and_some_people_are_kept(plain: Path, tmp_path: Path):
    file = read_votes(write_votes(tmp_path, people=10, votes=9))
    few = VoteFile(file.votes, [seen if person else seen[:3] for person, seen in enumerate(file.seen_P)])
    assert count_readings(few) == 1 + 9 * 2
    teacher, counted = load_teacher(str(plain)), []
    taught, kept = read_lessons(file, teacher, 0.5, lambda: counted.append(1))
    assert (len(counted), len(taught.said_RD), len(kept.said_RD)) == (20, 18, 2)
    assert torch.equal(taught.votes.chosen_BVF[1], file.votes.chosen_BVF[0, 4:8])
    assert torch.equal(kept.votes.rejected_BVF[0], file.votes.rejected_BVF[9, :4])
    torch.testing.assert_close(taught.said_RD.mean(0), torch.zeros(WIDTH), atol=1e-5, rtol=0)
    assert taught.said_RD.square().mean() == pytest.approx(1)
    said = [teacher.read([one for one in file.seen_P[0][at : at + 4] if one]) for at in (0, 4)]
    apart = (said[0] - said[1]) / (taught.said_RD[0] - taught.said_RD[1])
    torch.testing.assert_close(apart, apart[0].expand(WIDTH), rtol=1e-2, atol=0)
    with pytest.raises(ValueError, match="every vote needs caption"):
        read_lessons(VoteFile(file.votes, [[None] * 9] * 10), teacher, 0.5)
    (tmp_path / "9-7-1.png").unlink()
    with pytest.raises(ValueError, match=r"no picture .*9-7-1\.png"):
        read_lessons(file, teacher, 0.5, lambda: counted.append(1))
    assert len(counted) == 20


@pytest.mark.parametrize("share", [0.5, 1.0])
def test_a_set_encoder_learns_what_the_teacher_says_of_people_it_has_not_seen(
    plain: Path, votes: Path, share: float
):
    file = read_votes(votes)
    taught, kept = read_lessons(file, load_teacher(str(plain)), share)
    shape = SetEncoderShape(feature_size=3, tokens=2, width=8, hidden=32)
    options = FitOptions(steps=600, people=64, support=3)
    fitted = fit_set_encoder(file.draw, shape, options, taught)
    assert fitted.telling is not None
    error = lambda lessons: float(taught_loss(fitted.encoder, fitted.telling, lessons, slice(None)))
    assert error(taught) < 0.5 and error(kept) < 0.8
    again = fit_set_encoder(file.draw, shape, options, taught)
    assert torch.equal(again.encoder.prior_E, fitted.encoder.prior_E)
    assert fit_set_encoder(file.draw, shape, options).telling is None


def test_the_command_writes_an_encoder_and_what_it_learned(plain: Path, votes: Path, tmp_path: Path):
    summary = tmp_path / "summary.json"
    asked = ["--votes", str(votes), "--space", "5" * 64, "--teacher", str(plain), "--teacher-device", "cpu"]
    small = ["--steps", "400", "--people", "32", "--support", "3", "--hidden", "16", "--threads", "1"]
    more = ["--out", str(tmp_path / "out"), "--json", str(summary)]
    assert fit_encoder.main([*asked, *small, *more]) == 0
    figures = json.loads(summary.read_text())["figures"]
    assert 0 < figures["taught"] < 1 and figures["taughtKept"] > 0 and figures["accuracy.1"] > 0.5
    assert read_set_encoder((tmp_path / "out/encoder.safetensors").read_bytes()).feature_size == 3


def test_a_teacher_needs_votes_of_a_file(tmp_path: Path):
    with pytest.raises(ValueError, match="--teacher needs --votes"):
        fit_encoder.main(["--world", "tiny", "--teacher", "any", "--out", str(tmp_path)])
    with pytest.raises(SystemExit):
        fit_encoder.main(["--world", "tiny", "--teacher-share", "0", "--out", str(tmp_path)])

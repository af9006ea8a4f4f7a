"""What every command says of itself."""

import importlib

import pytest

from prefloop.cli import COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_help_is_the_docstring_line_by_line(command: str, capsys: pytest.CaptureFixture[str]):
    module = importlib.import_module(COMMANDS[command][0])
    with pytest.raises(SystemExit) as ended:
        module.main(["--help"])
    said = capsys.readouterr().out
    assert ended.value.code == 0
    assert said.startswith(f"usage: prefloop-runner {command} ")
    assert f"\n\n{module.__doc__.strip()}\n" in said


@pytest.mark.parametrize("command", COMMANDS)
def test_wrong_usage_ends_with_two(command: str, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ended:
        importlib.import_module(COMMANDS[command][0]).main(["--no-such-option"])
    assert ended.value.code == 2 and f"usage: prefloop-runner {command} " in capsys.readouterr().err

"""The arguments of a command, read as every command reads them."""

import argparse
from collections.abc import Callable, Sequence


def read_arguments(
    command: str,
    description: str | None,
    add_arguments: Callable[[argparse.ArgumentParser], None],
    argv: Sequence[str],
) -> argparse.Namespace:
    """description: the module's docstring, shown by --help with its lines as they are. Exits with 2 for wrong usage."""
    parser = argparse.ArgumentParser(
        prog=f"prefloop-runner {command}",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_arguments(parser)
    return parser.parse_args(argv)

"""python -m prefloop.serve."""

import sys

from prefloop.cli import keep_memory
from prefloop.serve.command import main

keep_memory()
try:
    sys.exit(main(sys.argv[1:]))
except (ValueError, OSError) as error:
    sys.exit(f"prefloop.serve: {error}")

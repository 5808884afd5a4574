"""``python -m sojourn`` is the command line."""

from __future__ import annotations

from sojourn.cli import main

main()

"""``python -m rushes`` is the command ``rushes``."""

from __future__ import annotations

import sys

from rushes.cli import main

sys.exit(main())

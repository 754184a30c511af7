"""Python imports this as it starts, where the folder is on its path."""

from __future__ import annotations

import sys

from tests.mortal import install_in

install_in(sys.orig_argv)

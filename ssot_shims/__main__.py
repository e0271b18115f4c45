"""``python -m ssot_shims`` is the command line."""

import sys

from ssot_shims.cli import main

sys.exit(main())

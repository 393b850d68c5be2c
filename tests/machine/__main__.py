"""``PYTHONPATH=tests python -m machine``: see :mod:`machine.run`."""

import sys

from machine.run import main

sys.exit(main())

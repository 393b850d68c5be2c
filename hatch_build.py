"""Runs when the project is built, before its dependencies are looked for."""

from __future__ import annotations

import sys
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

OLDEST = (3, 11)


class CustomMetadataHook(MetadataHookInterface):
    """Says in a sentence that Python is too old, where pip tells which versions of which dependency there are."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Leave *metadata* as it is."""
        if sys.version_info < OLDEST:
            sys.exit(
                "twisted-chat needs Python {}.{} or later, and this is Python {}.{}. "
                "docs/install.md says how to get one.".format(*OLDEST, *sys.version_info)
            )

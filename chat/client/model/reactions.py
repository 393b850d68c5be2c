"""The reactions that our clients offer; users may react with any other, too."""

from __future__ import annotations

OFFERED = {
    "👍": "yes",
    "❤️": "love",
    "😂": "funny",
    "🎉": "hooray",
    "👀": "looking",
    "✅": "done",
    "😮": "surprising",
    "😢": "sad",
    "👎": "no",
}
"""What each is called, as not every font has it."""

"""Colours of the terminal client; with ``NO_COLOR``, prompt_toolkit leaves only bold, underlined and reversed."""

from __future__ import annotations

from prompt_toolkit.styles import Style

from chat.client.model.styled import NICK_TONES

STYLE = Style.from_dict(
    {
        **{f"nick{number}": f"bold {colour}" for number, colour in enumerate(NICK_TONES)},
        "me": "bold",
        "caller": "reverse",
        "mention": "bold reverse",
        "url": "underline",
        "sought": "underline bold",
        "sought.current": "reverse",
        "time": "#808080",
        "notice": "#808080",
        "quiet": "#808080",
        "quiet.mine": "bold",
        "refusal": "#d75f00 bold",
        "action": "italic",
        "day": "#808080",
        "unread": "#d75f00",
        "unsent": "#808080 italic",
        "chosen": "bold",
        "more": "bold #d75f00",
        "hint": "bold #d75f00",
        "bar": "reverse",
        "bar.alert": "reverse bold #d75f00",
        "bar.current": "reverse bold underline",
        "bar.unread": "reverse bold",
        "bar.call": "reverse bold #d7005f",
        "prompt": "bold",
        "offer.current": "reverse bold",
    }
)

"""What is said while somebody is at lunch: 40 messages in lobby, 122 in dev, one of which names them, and 5 in ops."""

from __future__ import annotations

from collections.abc import Iterator

SENTENCES = (
    *("morning", "did anybody restart the build?", "yes, ten minutes ago", "thanks", "+1", "works for me", "done"),
    *("the tests of the parser are red again", "looks like the clock in the fixture", "I'll look at it after lunch"),
    *(
        "who has the key for the staging box?",
        "it is in the safe, ask frank",
        "ok",
        "can we move the meeting to three?",
    ),
    "the new release notes are up, please read them before you tag anything",
    "the disk of the old server is at 91 %, so I am deleting logs from last year",
    *("good idea", "don't forget those in /var/tmp", "haha", "same here", "I think so", "no, that was yesterday"),
)
"""They have the lengths of those in a chat at work: 3 to 75 characters, 23 on average."""
CALL = "ada: can you have a look at the parser?"
COUNTS = {"lobby": 40, "dev": 122, "ops": 5}
SPEAKERS = ("bob", "eve", "frank")


def talk(room: str) -> Iterator[tuple[str, str]]:
    """Yield who says what in *room*; each message is said once."""
    for number in range(COUNTS[room]):
        text = f"{number} {SENTENCES[number % len(SENTENCES)]}"
        named = room == "dev" and number == COUNTS[room] // 2
        yield SPEAKERS[number * 7 % 11 % 3], CALL if named else f"{room[0]}{text}"

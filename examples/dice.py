"""Rolls dice for whoever says "!roll 2d6" in #lobby. Run it: python3 dice.py localhost 12345"""

import json
import random
import re
import socket
import sys
import time
from contextlib import suppress

hello, unanswered = {"type": "hello", "name": "dice", "rooms": {"lobby": None}}, {}


def receive(line):
    """Take a line that the server has sent; yield the lines to send."""
    match json.loads(line) if line.startswith("{") else None:
        case {"type": "welcome", "token": token}:
            hello["token"] = token
            yield from unanswered.values()
        case {"type": "error" | "goodbye" as kind, "text": why, **more}:
            sys.exit(why) if kind == "goodbye" and "code" in more else print(why)
        case {"type": "room", "last": last} if hello["rooms"]["lobby"] is None:
            hello["rooms"]["lobby"] = last
        case {"type": "message", "room": "lobby", "id": number, "author": author, "text": text, **more}:
            hello["rooms"]["lobby"] = number
            if author == "dice":
                unanswered.pop(more.get("tag"), None)
            elif not more.get("notice") and (asked := re.fullmatch(r"!roll ([1-9]\d?)d([1-9]\d?)", text)):
                said = f"{author} rolls {sum(random.randint(1, int(asked[2])) for _ in range(int(asked[1])))}."
                say = {"type": "say", "room": "lobby", "text": said, "notice": True, "tag": f"roll {number}"}
                yield unanswered.setdefault(say["tag"], json.dumps(say))


while __name__ == "__main__":
    with suppress(OSError, ValueError), socket.create_connection(sys.argv[1:], 120) as server:
        server.sendall(json.dumps(hello).encode() + b"\n")
        for answer in (answer for line in server.makefile(encoding="utf-8") for answer in receive(line)):
            server.sendall(answer.encode() + b"\n")
    time.sleep(5)

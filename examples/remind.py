"""A chat with a bot in its process, for whoever says "!remind 10m tea". Run it: twistd -noy remind.py"""

import json
import re

from twisted.application import internet, service
from twisted.internet import protocol, reactor
from twisted.protocols.basic import LineOnlyReceiver

from chat.service import ChatService
from chat.settings import Settings


class Reminder(LineOnlyReceiver):
    delimiter, MAX_LENGTH = b"\n", 1 << 24

    def connectionMade(self):
        self.sendLine(b'{"type":"hello","name":"reminder"}')

    def say(self, room, text, **more):
        self.sendLine(json.dumps({"type": "say", "room": room, "text": text, **more}).encode())

    def lineReceived(self, line):
        match json.loads(line) if line.startswith(b"{") else None:
            case {"type": "message", "room": room, "author": author, "text": text, **more} if not more.get("notice"):
                if asked := re.fullmatch(r"!remind (\d{1,4})m (.+)", text):
                    self.say(room, f"{author}: in {asked[1]} minutes.", notice=True)
                    self.clock.callLater(60 * int(asked[1]), self.say, room, f"{author}: {asked[2]}")


def bot(endpoint, clock):
    Reminder.clock = clock
    return internet.ClientService(endpoint, protocol.Factory.forProtocol(Reminder), clock=clock)


application = service.Application("chat")
chat = ChatService(reactor, Settings(ways={"listen": ("tcp:12345:interface=127.0.0.1",)}))
chat.setServiceParent(application)
bot(chat.endpoint, reactor).setServiceParent(application)

"""Makes ``twistd chat`` known to Twisted."""

from twisted.application.service import ServiceMaker

chat = ServiceMaker("chat", "chat.tap", "A chat that anyone can walk into with netcat, telnet or a script.", "chat")

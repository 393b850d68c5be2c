"""A chat as textbooks write it: a thread for each client, and one ``sendall`` for each message and member.

It speaks as much of the text dialect as the load generator needs.
"""

from __future__ import annotations

import socketserver
import sys
import threading

members: dict[str, Client] = {}
lock = threading.Lock()


def broadcast(sender: str, line: str) -> None:
    data = f"{line}\r\n".encode()
    for name, member in members.items():
        if name != sender:
            member.request.sendall(data)


class Client(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def handle(self) -> None:
        self.request.sendall(b"* Welcome.\r\n")
        name = self.rfile.readline().decode().strip()
        with lock:
            self.request.sendall(f"* You are {name}, in #lobby with {len(members)} others.\r\n".encode())
            broadcast(name, f"* {name} joined.")
            members[name] = self
        try:
            for line in self.rfile:
                with lock:
                    broadcast(name, f"{name}: {line.decode().rstrip()}")
        finally:
            with lock:
                del members[name]


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 1024


if __name__ == "__main__":
    Server(("127.0.0.1", int(sys.argv[1])), Client).serve_forever()

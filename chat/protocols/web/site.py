"""The site of a chat: what is at which address."""

from __future__ import annotations

from http import HTTPStatus

from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET
from websockets.datastructures import Headers
from websockets.exceptions import InvalidHeader
from websockets.http11 import Request
from websockets.server import ServerProtocol

from chat.core.doorkeeper import Doorkeeper
from chat.protocols.connection import Connections
from chat.protocols.stored_files import StoredFiles
from chat.protocols.web.hooks import Hooks
from chat.protocols.web.hosts import Hosts
from chat.protocols.web.page_files import Page, read_page
from chat.protocols.web.requests import Refused, WebRequest, WebSite
from chat.protocols.web.uploads import Downloads, Uploads
from chat.protocols.web.websocket import SILENT, Parsers, WebConnection, WebManners


class WebSocket(Resource):
    """Where a client asks for a WebSocket."""

    isLeaf = True
    manners = WebManners

    def __init__(self, connections: Connections) -> None:
        super().__init__()
        self._connections = connections
        self._parsers = Parsers(connections.hub.limits.json_line)
        self._handshake = ServerProtocol(logger=SILENT)
        """Answers all handshakes: the answer depends on nothing that was before."""

    def render_GET(self, request: WebRequest) -> int:
        headers = Headers()
        try:
            for name, values in request.requestHeaders.getAllRawHeaders():
                for value in values:
                    headers[name.decode("latin-1")] = value.decode("latin-1")
        except InvalidHeader as error:
            raise Refused(HTTPStatus.BAD_REQUEST, "A header has letters in it that none may have.") from error
        method, version = request.method.decode("latin-1"), request.clientproto.decode("latin-1")
        answer = self._handshake.accept(Request(request.uri.decode("latin-1"), headers, method, version))
        if answer.status_code != HTTPStatus.SWITCHING_PROTOCOLS:
            raise Refused(HTTPStatus(answer.status_code), "This is the address of a WebSocket, not of a page.")
        manners = self.manners(self._parsers)
        request.channel.become(WebConnection(self._connections, manners, request.peer), answer.serialize())
        return NOT_DONE_YET


def web_site(connections: Connections, hosts: Hosts, stored: StoredFiles | None = None) -> WebSite:
    """Make the site; files can be sent and fetched there only if there is a place where they are *stored*."""
    root = Page(read_page(), plain_passwords=connections.hub.limits.plain_passwords)
    root.putChild(b"ws", WebSocket(connections))
    if stored is not None:
        root.putChild(b"u", Uploads(connections.hub, stored))
        root.putChild(b"f", Downloads(stored))
    root.putChild(b"h", Hooks(connections.hub))
    return WebSite(root, connections, hosts, Doorkeeper(connections.hub.limits))

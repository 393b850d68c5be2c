// The WebSocket beside the page. If the tab was in the chat before the page was loaded again, it is opened here, while
// the other modules are on their way: nothing else takes as long.

import { Saved } from "./tab.js";

const url = new URL("ws", document.baseURI);
url.protocol = url.protocol.replace("http", "ws");

export const prefix = `chat ${url.pathname} `; // of what the browser keeps for this chat
export const saved = new Saved(() => sessionStorage, prefix);

let early = saved.read("link") && new WebSocket(url);

export function openSocket() {
	const socket = early?.readyState <= WebSocket.OPEN ? early : new WebSocket(url);
	early = null;
	if (socket.readyState === WebSocket.OPEN) queueMicrotask(() => socket.onopen?.());
	return socket;
}

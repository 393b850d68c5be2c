// Gives a Store what it needs of the browser: the WebSocket beside the page, the clock, what the tab keeps.

import { Refused } from "./link.js";
import { openSocket, prefix, saved } from "./socket.js";
import { Store } from "./store.js";
import { Tabs } from "./tab.js";

export async function openStore(window) {
	const { location, document } = window;
	const clock = {
		date: () => new Date(),
		setTimeout: window.setTimeout.bind(window),
		clearTimeout: window.clearTimeout.bind(window),
	};
	const tabs = new Tabs({ channel: openChannel(), saved, clock });
	await tabs.begin();
	window.addEventListener("pageshow", () => tabs.hold()); // the browser may show a page again that was left
	window.addEventListener("pagehide", () => tabs.letGo());
	// What the server says in the page about passwords, or else what it does by itself.
	const { passwords } = document.documentElement.dataset;
	const isSecure = location.protocol === "https:" || /^(localhost|127\.[\d.]+|\[::1\])$/.test(location.hostname);
	const store = new Store({
		openSocket, saved, tabs, put, clock,
		passwords: { taken: "yes", refused: "no" }[passwords] ?? (isSecure ? "yes" : "unknown"),
		random: Math.random,
	});
	if (store.link.token) store.reconnect();
	return store;
}

// The channel between the tabs. A browser that forbids a page to keep anything may forbid this too.
function openChannel() {
	try {
		return new BroadcastChannel(prefix);
	} catch {
		return { postMessage() {} };
	}
}

// Sends a file. Of all requests, only this one tells how far it is.
async function put(address, file, signal, progress) {
	const unreadable = () => { throw new Refused("The browser can't read it. Is it still there?"); };
	await file.slice(0, 1).arrayBuffer().catch(unreadable);
	signal.throwIfAborted();
	return new Promise((resolve, reject) => {
		const request = new XMLHttpRequest();
		request.upload.onprogress = ({ loaded, total }) => progress(loaded / total);
		request.onload = () => (request.status < 300 ? resolve() : reject(new Refused(request.responseText)));
		request.onerror = () => reject(new Refused("The connection broke."));
		request.onabort = () => reject(signal.reason);
		signal.onabort = () => request.abort();
		request.open("PUT", address);
		request.send(file);
	});
}

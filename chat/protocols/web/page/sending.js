// The files that the user sends: one after the other, each to where the user was when they chose it.

import { Refused } from "./link.js";
import { list } from "./sentences.js";

export class Sending {
	// `put(address, file, signal, progress)` sends a file, tells which part of it is gone, and throws Refused.
	constructor(store, put) {
		Object.assign(this, { store, put, files: [], last: Promise.resolve(), isAsked: false });
	}

	// Sends what was dropped or pasted.
	take({ items, files }) {
		const entries = [...items].map((item) => item.webkitGetAsEntry());
		const folders = entries.filter((entry) => entry?.isDirectory).map((entry) => entry.name);
		for (const name of folders) this.store.tell(`${name} is a folder. Send the files in it.`, "refusal");
		const others = [...files].filter((file) => !folders.includes(file.name));
		if (others.length) this.add(others);
	}

	// Sends files behind those that are on their way.
	add(files, room = this.store.current) {
		const { store } = this;
		if (!store.features.has("files")) return store.tell("This chat takes no files.", "refusal");
		const news = [...files].map((file) => ({ file, room, part: 0, stopping: new AbortController() }));
		this.files.push(...news);
		for (const one of news) this.last = this.last.then(() => this.send(one));
		return store.emit("sending");
	}

	async send(one) {
		const { store } = this;
		const { file, room, stopping: { signal } } = one;
		const progress = (part) => {
			one.part = part;
			store.emit("sending");
		};
		try {
			signal.throwIfAborted();
			if (room.private && !room.with) {
				throw new Refused(`Say something to ${room.name} first, so that the conversation is there.`);
			}
			const { url } = await store.ask("upload", { ...room.address, name: file.name, size: file.size });
			// The server tells where a file goes as others see it. Here it is below the page's own address.
			await this.put(url.slice(url.lastIndexOf("/u/") + 1), file, signal, progress);
		} catch (refusal) {
			if (!signal.aborted) store.tell(`${file.name} was not sent. ${refusal.message}`, "refusal");
		}
		this.files = this.files.filter((other) => other !== one);
		this.askToStop(this.isAsked && this.files.length > 0);
	}

	// Asks whether to stop, or no longer.
	askToStop(isAsked = true) {
		this.isAsked = isAsked;
		this.store.emit("sending");
	}

	// Stops the file that is on its way, and those behind it.
	stop() {
		const { files, store } = this;
		for (const one of files) one.stopping.abort();
		this.files = [];
		store.tell(`You stopped sending ${list(files.map((one) => one.file.name))}.`);
		this.askToStop(false);
	}
}

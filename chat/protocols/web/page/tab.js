// What a tab and the browser keep while the page is loaded again, and what a tab knows of others of the same chat.

const NAMES = ["tab", "link", "rooms"];

// Keeps values in what `storage()` returns, which is the tab's or the browser's, and does without if that is forbidden
// or full.
export class Saved {
	constructor(storage, prefix) {
		Object.assign(this, { storage, prefix });
	}

	read(name) {
		try {
			return JSON.parse(this.storage().getItem(this.prefix + name));
		} catch {
			return null;
		}
	}

	write(name, value) {
		try {
			this.storage().setItem(this.prefix + name, JSON.stringify(value));
		} catch {
			// They hold until the page is closed or loaded again.
		}
	}

	clear() {
		for (const name of NAMES) this.write(name, null);
	}
}

// The settings of this browser.
export const kept = new Saved(() => localStorage, "chat ");

// Tells the tabs of a browser apart: by `locks` (navigator.locks), which browsers have on https and on this machine
// only, and by a `channel` (BroadcastChannel) between them.
export class Tabs {
	constructor(locks, channel, prefix) {
		Object.assign(this, { locks, channel, prefix, claimed: null });
		channel.onmessage = ({ data: { seeks, has } }) => {
			if (seeks && this.claimed === seeks) channel.postMessage({ has: seeks });
			if (has && this.sought?.name === has) this.sought.then();
		};
	}

	// Resolves with whether no other tab has what this one keeps: a duplicated tab has a copy of it, and must not take
	// over the session of the first.
	async isOnly(saved) {
		const id = saved.read("tab") ?? Math.random();
		saved.write("tab", id);
		if (!this.locks) return true;
		const name = `${this.prefix}tab ${id}`;
		return new Promise((resolve) => {
			const hold = () => {
				resolve(true);
				return new Promise(() => {}); // as long as the tab lives
			};
			// A page that is loaded again may have to wait until the one before lets go. If the time is over and nobody
			// holds the lock, the machine was too busy to say so.
			const ask = () => this.locks.request(name, { signal: AbortSignal.timeout(300) }, hold).catch(late);
			const late = async () => {
				const { held } = await this.locks.query();
				return held.some((one) => one.name === name) ? resolve(false) : ask();
			};
			ask().catch(() => resolve(true)); // this browser has no locks for this page
		});
	}

	// This tab is in the chat under that name; null: under none.
	claim(name) {
		this.claimed = name?.toLowerCase();
	}

	// Calls `then` if another tab is in the chat under that name.
	find(name, then) {
		this.sought = { name: name.toLowerCase(), then };
		this.channel.postMessage({ seeks: this.sought.name });
	}
}

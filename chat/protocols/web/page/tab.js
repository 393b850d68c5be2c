// What a tab and the browser keep while the page is loaded again, and what a tab knows of others of the same chat.

const COPIED = ["link", "rooms"];
const PATIENCE = 500; // the milliseconds that another tab has for its answer

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
}

// The settings of this browser.
export const kept = new Saved(() => localStorage, "chat ");

// Tells the tabs of a browser apart. What one asks, the others answer by a `channel` (BroadcastChannel), which browsers
// have over plain http too.
export class Tabs {
	constructor({ channel, saved, clock }) {
		Object.assign(this, { channel, saved, clock, id: String(Math.random()), name: null, sought: null });
		channel.onmessage = ({ data: { seeks, found } }) => {
			if (seeks && (seeks === this.id || seeks === this.name)) channel.postMessage({ found: seeks });
			if (found && this.sought?.what === found) this.sought.resolve(true);
		};
	}

	// A duplicated tab has a copy of what the first one keeps. It must not take over the session of that, and begins anew.
	async begin() {
		const { saved, clock } = this;
		// A page that is left lets go of what the tab keeps. If one has not, it is still there, in another tab, or it has
		// crashed, and does not answer.
		const holder = saved.read("tab");
		if (holder) {
			const late = new Promise((resolve) => { clock.setTimeout(() => resolve(false), PATIENCE); });
			if (await Promise.race([this.find(holder), late])) for (const name of COPIED) saved.write(name, null);
		}
		this.hold();
	}

	// What the tab keeps belongs to this page, until it is left.
	hold() {
		this.saved.write("tab", this.id);
	}

	letGo() {
		this.saved.write("tab", null);
	}

	// This tab is in the chat under that name; null: under none.
	claim(name) {
		this.name = name?.toLowerCase();
	}

	// Resolves if another tab is in the chat under that name, or is that page; otherwise never.
	find(what) {
		this.channel.postMessage({ seeks: what });
		return new Promise((resolve) => { this.sought = { what, resolve }; });
	}
}

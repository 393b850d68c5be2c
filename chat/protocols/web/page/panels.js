// What is shown apart from the rooms: what a search has found, and what was said round a message.

import { said } from "./lines.js";

const COUNT = 50;

export class Panels {
	constructor(store) {
		Object.assign(this, { store, shown: null, before: null }); // before: the search that led to a place
	}

	search(text) {
		this.find("search", { text, count: COUNT });
	}

	listMentions() {
		this.find("mentions", { count: COUNT });
	}

	listPins() {
		this.find("pins", { room: this.store.current.name });
	}

	find(type, fields) {
		this.shown = { is: "search", type, fields, text: fields.text, found: [], more: false, why: "" };
		this.searchOlder();
	}

	// Searches for messages older than those found.
	searchOlder() {
		const panel = this.shown;
		const fields = { ...panel.fields, before: panel.next };
		if (!panel.busy) this.ask(panel, panel.type, fields, (answer) => this.found(panel, answer));
	}

	// Asks for what a panel shows; `then` takes the answer. A search waits for the connection, if there is none.
	ask(panel, type, fields, then) {
		const { link } = this.store;
		const settle = (answer) => {
			const failed = answer.type === "error";
			Object.assign(panel, { busy: false, why: failed ? answer.text : "", waits: failed && !answer.code });
			if (!failed) then(answer);
			this.store.changed();
		};
		panel.busy = true;
		if (link.online) link.ask(type, fields, settle);
		else settle({ type: "error", code: "", text: "There is no connection now." });
		this.store.changed();
	}

	found(panel, { type, messages, more = false, next }) {
		const ordered = type === "pins" ? messages.reverse() : messages;
		for (const message of ordered) {
			const row = said(message, this.store, true);
			const name = message.room ?? (row.mine && message.to ? message.to : message.author);
			const place = row.private
				? { title: `@${name}`, address: { with: message.with } }
				: { title: `#${name}`, address: { room: name } };
			panel.found.push({ row, ...place });
		}
		Object.assign(panel, { more, next: next ?? messages.at(-1)?.id });
	}

	// Shows what was said round a message: one that was found, or that with an `id` in the current room.
	showPlace({ row, id = row.id, title, address }) {
		this.showPast(title ? { title, address } : this.store.current, { around: id, count: COUNT });
	}

	// Shows the part of the history of a room for which these fields of a request ask.
	showPast({ title, address }, fields) {
		if (this.shown?.is === "search") this.before = this.shown;
		this.shown = { is: "place", title, address, mark: fields.around ?? null, rows: [], why: "" };
		this.read(fields);
	}

	placeOlder() {
		if (this.shown.moreBefore) this.read({ before: this.shown.rows[0].id, count: COUNT });
	}

	placeNewer() {
		if (this.shown.moreAfter) this.read({ after: this.shown.rows.at(-1).id, count: COUNT });
	}

	read(fields) {
		const panel = this.shown;
		if (panel.busy) return;
		this.ask(panel, "history", { ...panel.address, ...fields }, (answer) => {
			const known = new Set(panel.rows.map((row) => row.id));
			const news = this.store.linesOf(answer.messages).filter((row) => !known.has(row.id));
			panel.rows = [...panel.rows, ...news].sort((a, b) => a.id - b.id);
			const isMore = answer.more && news.length > 0;
			const endsEarly = answer.before !== null || answer.until !== null;
			if (answer.around !== null) {
				Object.assign(panel, { moreBefore: answer.more_before, moreAfter: answer.more_after });
			} else if (answer.after === null && answer.since === null) {
				panel.moreBefore = isMore;
				panel.moreAfter ??= endsEarly;
			} else {
				panel.moreBefore ??= panel.rows.length > 0;
				panel.moreAfter = isMore || endsEarly;
				panel.mark ??= panel.rows[0]?.id ?? null; // so one reads on from there
			}
			const isThere = panel.mark === null || panel.rows.some((row) => row.id === panel.mark);
			if (!isThere) panel.why = `There is no message ${panel.mark} in ${panel.title}, or not any more.`;
			else if (!panel.rows.length) panel.why = "Nothing was said then.";
		});
	}

	get isElsewhere() {
		return this.shown?.is === "place" && this.shown.title !== this.store.current.title;
	}

	goToRoomOfPlace() {
		const { store, shown } = this;
		const { room, with: other } = shown.address;
		if (room) store.attempt(() => store.join(room));
		else store.turnTo(store.conversation(shown.title.slice(1), other ?? null));
	}

	// Goes back from a place to the search that led there, or else to the room; `all`: to the room at any rate.
	close(all = false) {
		if (!this.shown) return;
		this.shown = all ? null : this.before;
		this.before = null;
		this.store.changed();
	}

	// A message was changed: `apply` makes of a line what it is now.
	changed(apply) {
		if (!this.shown) return;
		if (this.shown.rows) this.shown.rows = this.shown.rows.map(apply);
		for (const one of [...(this.shown.found ?? []), ...(this.before?.found ?? [])]) one.row = apply(one.row);
		this.store.changed();
	}

	connected() {
		if (this.shown?.is === "search" && this.shown.waits) this.searchOlder();
	}
}

// What the user types: a draft and what was typed before in each room, answers and edits, and what Enter does.

import { run, secretOf } from "./commands.js";
import { complete } from "./completion.js";
import { isMessage } from "./lines.js";
import { Refused } from "./link.js";

const HOUR = 3_600_000; // so long may a message be edited
const WITH_LINES = /^\/(edit|me|msg|reply)\s/i; // a text of several lines that is a command; any other is said as it is

// Counts the lines of a text as Enter would send them: what is blank at its end is left out.
export const countLines = (text) => text.trimEnd().split(/\r\n|\r|\n/).length;

export class Input {
	constructor(store) {
		this.store = store;
	}

	get room() {
		return this.store.current;
	}

	set(fields, room = this.room) {
		Object.assign(room.input, fields);
		this.store.changed();
		this.store.keep();
	}

	type(text) {
		this.room.input.text = text;
		this.store.keep();
	}

	// Does what was typed. What can't be done is told, and stays in the input.
	enter() {
		const { room, store } = this;
		const { text, reply, editing } = room.input;
		const typed = text.replace(/^(\s*\n)+|\s+$/g, "");
		const secret = editing ? null : secretOf(typed);
		const cleared = { text: "", reply: null, editing: null };
		if (secret) {
			this.set(cleared); // a password is neither sent from here nor remembered
			store.emit("dialog", secret);
		} else if (typed && store.attempt(() => this.run(typed, reply?.id, editing?.id))) {
			const others = room.inputs.typed.filter((one) => one !== typed);
			room.inputs = { typed: [...others, typed].slice(-100), at: null, kept: "" };
			this.set(cleared, room);
		}
	}

	run(text, re, id) {
		const { store } = this;
		if (id) return store.post("edit", { id, text });
		const isCommand = /^\/(?!\/)/.test(text) && (!text.includes("\n") || WITH_LINES.test(text));
		if (isCommand) return run(store, text);
		if (/^(exit|quit)$/i.test(text)) return store.leave();
		return store.say(text.replace(/^\/\//, "/"), this.room, re);
	}

	// The server has refused what was said: it is put back, unless something else is typed there.
	giveBack(room, text) {
		if (!room.input.text) this.set({ text }, room);
	}

	// Goes through what was typed here before.
	older() {
		this.browse(-1);
	}

	newer() {
		this.browse(1);
	}

	browse(step) {
		const { inputs, input } = this.room;
		const { typed } = inputs;
		const at = (inputs.at ?? typed.length) + step;
		if (at < 0 || at > typed.length) return;
		if (inputs.at === null) inputs.kept = input.text;
		inputs.at = at < typed.length ? at : null;
		this.set({ text: typed[at] ?? inputs.kept });
	}

	edit(row) {
		this.set({ text: row.text, editing: row, reply: null });
	}

	editLast() {
		this.store.attempt(() => this.edit(this.lastSaid(this.room)));
	}

	// What was said elsewhere is answered there.
	reply(row) {
		const { panels } = this.store;
		if (panels.isElsewhere) panels.goToRoomOfPlace();
		this.answer(row);
	}

	cancel() {
		this.answer(null);
	}

	// What is typed now answers `row`, or nothing, and changes nothing that was said.
	answer(row) {
		const { editing, text } = this.room.input;
		this.set({ reply: row, editing: null, text: editing ? "" : text });
	}

	// The last message of the user. Throws Refused, also if a later one is not stored yet.
	lastSaid(room) {
		if (room.unsent.length) throw new Refused("What you said last is not stored yet. Try again when it is.");
		const line = room.newest((one) => one.mine);
		if (!line) throw new Refused("There is nothing here that you said.");
		return line;
	}

	complete(text, cursor = text.length) {
		const { store, room } = this;
		const people = room.partners.filter((name) => name !== store.name);
		const partners = [...store.listed.values()].filter((one) => !one.gone).map((one) => one.name);
		const rooms = store.rooms.filter((one) => !one.private).map((one) => one.name);
		return complete(text.slice(0, cursor), { people, partners, rooms });
	}

	// How many lines a message may have.
	get mostLines() {
		return this.store.limits?.lines || 1;
	}

	// Tells whether a text that is pasted goes into the input, or is offered as a file.
	paste(text) {
		return countLines(text) > this.mostLines ? "file" : "text";
	}

	// Tells whether the user may edit, delete, react to or pin a message.
	may(what, row) {
		const { store } = this;
		if (!isMessage(row) || row.id === null || !store.features.has("changes")) return false;
		if (what === "edit") return row.mine && store.clock.date() - row.time < HOUR;
		if (what === "delete" && row.mine) return true;
		return what === "react" || Boolean(!row.private && store.find(row.room)?.isOp);
	}
}

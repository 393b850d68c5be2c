// The lines of a room. They are never changed: another takes the place of one, under the same key.

import { folded, words } from "./sentences.js";
import { day, local } from "./times.js";

const QUOTED = 80;
let keys = 0;

export const isMessage = (line) => line.kind === "say" || line.kind === "action";

// Makes a line that is no message. It tells about the message with the id `about`, if there is one.
export function told(kind, text, time, about = null) {
	return { key: ++keys, kind, text, time, day: day(time), about, id: null };
}

// Makes the line of a message. `me` knows the user's name, and what is meant for them.
export function said(message, me, old = false) {
	const { kind, id, room, author, text, reactions, pinned, notice, file, re, re_author: to, re_text: quote } = message;
	const mine = author === me.name;
	const reply = re !== null && to !== null ? { id: re, author: to, text: quote ?? "" } : null;
	const mention = !mine && !notice && (message.all || to === me.name || me.isNamed(text));
	const time = local(message.time);
	const facts = { mine, mention, reply, edited: message.edited !== null, private: room === null, time, day: day(time) };
	return { key: ++keys, kind, id, room, author, text, reactions, pinned, notice, file, old, ...facts };
}

const days = new Map(); // the rows of days, each made once

// Puts a row before the first line of each day.
export function withDays(lines) {
	let today = "";
	return lines.flatMap((line) => {
		if (line.day === today) return [line];
		today = line.day;
		if (!days.has(today)) days.set(today, { key: today, kind: "day", text: today });
		return [days.get(today), line];
	});
}

// Makes the line of who came and went; with `before`, such a line, one that tells of both.
export function fold(event, before) {
	const time = local(event.time);
	const what = event.type === "joined" || (event.type === "left" && event.by === null) ? event.type : "other";
	const parts = [...(before?.parts ?? []), { name: event.name, what, text: words(event)[0], time }].slice(-200);
	return { ...(before ?? told("fold", "", time)), text: folded(parts), parts };
}

// Returns the line as it is after a change of its message, or of one that it answers or tells of.
export function changed(line, change, mine) {
	const isGone = change.type === "deleted";
	if (line.reply?.id === change.id && isGone) line = { ...line, reply: null };
	if (line.reply?.id === change.id && change.type === "edited") {
		line = { ...line, reply: { ...line.reply, text: quoted(change.text) } };
	}
	const isIt = line.id === change.id && isMessage(line);
	if (isGone && (isIt || line.about === change.id)) {
		return { ...told("deleted", words(change)[0], line.time), key: line.key, id: line.id };
	}
	if (!isIt) return line;
	if (change.type === "edited") return { ...line, text: change.text, edited: true };
	if (change.type === "pinned") return { ...line, pinned: change.on };
	return { ...line, reactions: reactions(line.reactions, change, mine) };
}

// What an answer quotes of a text: its first line, or the beginning of that.
function quoted(text) {
	const letters = [...(text.split("\n").find((line) => line.trim()) ?? "").trim()];
	return letters.length <= QUOTED ? letters.join("") : `${letters.slice(0, QUOTED - 1).join("").trimEnd()}…`;
}

function reactions(before, { text, count, on }, mine) {
	const was = before.find((one) => one.text === text);
	const now = { text, count, mine: mine ? on : (was?.mine ?? false) };
	if (count < 1) return before.filter((one) => one !== was);
	return was ? before.map((one) => (one === was ? now : one)) : [...before, now];
}

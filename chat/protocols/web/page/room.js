// One room, or one private conversation: its lines, what is unread in it, and who is there.

import { changed, fold, isMessage, withDays } from "./lines.js";
import { byName, same } from "./sentences.js";
import { day } from "./times.js";

const KEPT = 1000; // the lines that are kept while the reader is at the end
const MAXIMUM = 5000;
const isCall = (line) => line.mention || line.private;

export class Room {
	constructor(name, isPrivate, me) {
		Object.assign(this, { name, me, private: isPrivate, joined: isPrivate });
		Object.assign(this, { topic: "", locked: false, slow: false, pins: 0 });
		this.with = null; // how requests name the other side of a conversation, once the server has told that
		this.side = "here"; // of a conversation: here, away, gone for good, or "unsure": the name may be another's now
		this.access = "open"; // or members, private
		this.status = ""; // or archived, closed
		this.setUsers({ users: [], ops: [], away: new Map() });
		this.speakers = new Set(); // the last one last
		this.lines = [];
		this.unsent = []; // lines of what the server has not acknowledged
		this.mark = null; // the key of the first line that was not seen when the room was turned to
		this.unread = this.calls = 0; // calls: those that are meant for the user
		this.moreUnread = false;
		this.waiting = 0; // how many messages are unread and were not fetched yet
		this.read = this.seen = 0; // up to where the user has read, as the server knows it, and here
		this.isMarked = true; // whether the server knows how far
		this.marked = null; // what it was told of that
		this.earlier = isPrivate ? "wanted" : "possible"; // or asked, none
		this.isReady = isPrivate; // whether the newest messages are there
		this.input = { text: "", reply: null, editing: null };
		this.inputs = { typed: [], at: null, kept: "" };
	}

	get title() {
		return `${this.private ? "@" : "#"}${this.name}${this.side === "gone" ? " (gone)" : ""}`;
	}

	get key() {
		return this.private ? `@${this.with ?? this.name}` : `#${this.name}`;
	}

	// How requests name it.
	get address() {
		if (!this.private) return { room: this.name };
		return this.with ? { with: this.with } : { name: this.name };
	}

	// Tells whether a request to say something is about it.
	isOf({ with: other, name, room }) {
		if (this.private && other) return this.with === other;
		return same((this.private ? name : room) ?? "", this.name);
	}

	// -- who is there

	enter(state) {
		const { access, read, topic, locked } = state;
		if (!this.joined) this.read = read ?? this.me.seenBefore(this.name) ?? state.last;
		this.readUpTo(read ?? 0);
		const status = ["archived", "closed"].includes(access) ? access : "";
		Object.assign(this, { joined: true, isMarked: read !== null, marked: null, topic, locked, status });
		this.slow = state.slow > 0;
		this.pins = state.pins ?? 0;
		this.access = state.private ? "private" : status ? "open" : (access ?? "open");
		this.setUsers(state);
	}

	setUsers({ users, away, ops }) {
		Object.assign(this, { users: new Set(users), ops: new Set(ops), away });
	}

	// Somebody is called `now`, or has left (null).
	rename(name, now) {
		for (const names of [this.users, this.ops, this.speakers]) if (names.delete(name) && now) names.add(now);
		if (now && this.away.has(name)) this.away.set(now, this.away.get(name));
		this.away.delete(name);
	}

	// Something has happened in the room, or its state was asked for.
	apply(event) {
		const { type, name, text, rule, on } = event;
		if (type === "joined") this.users.add(name);
		else if (type === "left") this.rename(name, null);
		else if (type === "renamed") this.rename(name, event.new);
		else if (type === "who") this.setUsers(event);
		else if (type === "topic") this.topic = event.topic;
		else if (type === "away" && text === null) this.away.delete(name);
		else if (type === "away") this.away.set(name, text);
		else if (["lock", "slow"].includes(rule)) this[rule === "lock" ? "locked" : "slow"] = on;
		else if (rule === "op") this.ops[on ? "add" : "delete"](name);
		else if (["private", "members"].includes(rule) && (on || rule === this.access)) this.access = on ? rule : "open";
		else if (["archived", "closed"].includes(rule) && (on || rule === this.status)) this.status = on ? rule : "";
	}

	get isOp() {
		return this.ops.has(this.me.name) || Boolean(this.me.role);
	}

	get people() {
		const { me, ops, away } = this;
		const names = [...this.users].sort(byName);
		return names.map((name) => ({ name, op: ops.has(name), away: away.get(name) ?? null, me: name === me.name }));
	}

	// The names to complete: those who spoke lately, the last one first, then the others.
	get partners() {
		if (this.private) return [this.name];
		const spoke = [...this.speakers].reverse().filter((name) => this.users.has(name));
		return [...new Set([...spoke, ...[...this.users].sort(byName)])];
	}

	// -- lines

	add(line) {
		this.lines.push(line);
		this.keep(MAXIMUM - KEPT, MAXIMUM);
		this.shown = null;
	}

	// Drops the oldest lines, which can be fetched again, if there are more than `most`.
	keep(kept = KEPT, most = KEPT + 250) {
		if (this.lines.length <= most) return;
		this.lines = this.lines.slice(-kept);
		this.earlier = "possible";
		this.shown = null;
	}

	addFolded(event) {
		const last = this.lines.at(-1);
		const isSameDay = last?.kind === "fold" && last.day === day(new Date(event.time));
		this.add(fold(event, isSameDay ? this.lines.pop() : null));
	}

	// A message has come; `isSeen`: the user looks at the room.
	addMessage(line, isSeen) {
		this.speakers.delete(line.author);
		this.speakers.add(line.author);
		this.add(line);
		if (isSeen) this.seen = Math.max(this.seen, line.id);
		if (isSeen || line.mine || line.id <= this.known) return;
		if (this.mark === null && this.lines.length > 1) this.mark = line.key;
		this.unread += 1;
		if (isCall(line)) this.calls += 1;
	}

	// Puts older messages above the others; `more`: there are still older ones.
	addEarlier(lines, more) {
		const { oldest } = this;
		this.lines = [...lines.filter((line) => oldest === undefined || line.id < oldest), ...this.lines];
		this.earlier = more ? "possible" : "none";
		this.waiting = 0;
		this.shown = null;
	}

	get oldest() {
		return this.lines.find((line) => line.id !== null)?.id;
	}

	get mayAskEarlier() {
		return ["wanted", "possible"].includes(this.earlier) && this.joined && this.lines.length < MAXIMUM - KEPT;
	}

	find(id) {
		return this.lines.findLast((line) => line.id === id) ?? null;
	}

	// The newest message of which this is true.
	newest(fits = () => true) {
		return this.lines.findLast((line) => isMessage(line) && fits(line)) ?? null;
	}

	change(change, mine, old) {
		const wasPinned = this.find(change.id)?.pinned ?? null;
		this.lines = this.lines.map((line) => changed(line, change, mine));
		this.shown = null;
		const isGone = change.type === "deleted";
		if (!old && change.type === "pinned" && wasPinned !== change.on) this.pins += change.on ? 1 : -1;
		if (!old && isGone && wasPinned) this.pins -= 1;
		if (isGone && this.unread) this.countUnread();
	}

	// What is drawn: the lines, a row wherever the day changes, the unread line, and what is not acknowledged.
	rows() {
		if (this.shown) return this.shown;
		const rows = withDays(this.lines);
		const at = rows.findIndex((row) => row.key === this.mark);
		if (at >= 0) rows.splice(at, 0, { key: "unread", kind: "unread" });
		this.shown = [...rows, ...this.unsent];
		return this.shown;
	}

	// -- what is unread

	get known() {
		return Math.max(this.read, this.seen);
	}

	// How urgently the server is to be told what was read: 0 at once, 1 soon, null not.
	get markDue() {
		if (!this.joined || !(this.private ? this.with : this.me.registered)) return null;
		if (!this.isMarked && this.marked === null) return 0;
		return this.known > Math.max(this.marked, this.read) ? 1 : null;
	}

	// The user has read so far, on whatever device; `isMarked`: the server knows.
	readUpTo(id, isMarked = this.isMarked) {
		this.isMarked = isMarked;
		if (id <= this.read) return;
		this.read = id;
		if (this.unread) this.countUnread();
	}

	// Counts anew what is unread, and moves the unread line there.
	countUnread() {
		const first = this.lines.findLastIndex((line) => line.id !== null && line.id <= this.known) + 1;
		const unread = this.lines.slice(first).filter((line) => isMessage(line) && !line.mine);
		this.unread = unread.length;
		this.calls = unread.filter(isCall).length;
		this.mark = unread[0] && unread[0] !== this.lines[0] ? unread[0].key : null;
		this.moreUnread = this.unread > 0 && first === 0 && this.earlier === "possible";
		this.shown = null;
	}

	turnedTo() {
		this.unread = this.calls = 0;
		this.moreUnread = false;
		this.seen = Math.max(this.seen, this.newest()?.id ?? 0);
	}

	turnedAway() {
		this.mark = this.shown = null;
	}
}

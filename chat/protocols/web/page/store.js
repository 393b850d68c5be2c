// What the page shows: rooms, conversations, who the user is, how the connection is. Listens to a Link, and tells those
// who draw (`on`) what has changed. It knows nothing of the document.

import { run } from "./commands.js";
import { Input } from "./input.js";
import { changed, said, told } from "./lines.js";
import { Link, Refused } from "./link.js";
import { mentions } from "./mentions.js";
import { Panels } from "./panels.js";
import { Room } from "./room.js";
import { Sending } from "./sending.js";
import { putOut, same, words } from "./sentences.js";
import { isChange } from "./wire.js";

const MARK_DELAY = 2000; // one read mark covers what is read meanwhile
const SAID = ["say", "me", "msg"];
const LISTS = ["words", "ignored", "conversations"]; // answers that are noted, and shown to who asks
const NEWS = ["topic", "rule", "renamed", "away"]; // what is shown whoever did it
const PRESENCE = ["joined", "left", "renamed", "away"]; // what is folded if others did it
const isAction = ({ type, action }) => type === "me" || action === true;
const sum = (rooms, what) => rooms.reduce((total, room) => total + room[what], 0);

export class Store {
	constructor({ clock, saved, passwords = "unknown", tabs = null, put = null, ...rest }) {
		Object.assign(this, { clock, saved, passwords, tabs, listeners: {}, looking: true });
		this.link = new Link({ clock, saved, listener: this, ...rest });
		this.input = new Input(this);
		this.panels = new Panels(this);
		this.sending = new Sending(this, put);
		this.clear(saved.read("rooms") ?? []);
	}

	// Begins anew; `before` are the rooms of the page before it was loaded again.
	clear(before) {
		Object.assign(this, { before, inside: false, rooms: [], current: null });
		Object.assign(this, { words: [], away: null, limits: null, role: null });
		this.ignored = new Set();
		this.early = []; // what was told before there was a room
		this.listed = new Map(); // the conversations that the server has listed, by their `with`
		this.pending = new Map(); // the lines of what is not acknowledged, by tag
	}

	// Calls `listener` whenever `event` happens.
	on(event, listener) {
		(this.listeners[event] ??= []).push(listener);
	}

	emit(event, ...facts) {
		for (const listener of this.listeners[event] ?? []) {
			try {
				listener(...facts);
			} catch (error) {
				console.error(error); // a mistake in drawing loses no message
			}
		}
	}

	get panel() {
		return this.panels.shown;
	}

	get names() {
		return [this.name, ...this.words];
	}

	get unread() {
		return sum(this.rooms, "unread");
	}

	get calls() {
		return sum(this.rooms, "calls");
	}

	isNamed(text) {
		return mentions(text, this.names).length > 0;
	}

	// Sends a request of the protocol. Resolves with its answer, or throws Refused.
	ask(type, fields) {
		return new Promise((resolve, reject) => {
			this.link.ask(type, fields, (answer) => {
				if (answer.type === "error") reject(new Refused(answer.text, answer.code));
				else resolve(answer);
			});
		});
	}

	// Registers the name, changes its password or gives it up; `type` is register, password or unregister.
	async account(type, password, code) {
		const answer = await this.ask(type, { password, code });
		this.link.registered = type !== "unregister";
		this.changed();
		return answer;
	}

	// -- rooms

	// Returns the room or conversation of that name, if it is open.
	find(name, isPrivate = false) {
		return this.rooms.find((room) => room.private === isPrivate && room.side !== "gone" && same(room.name, name)) ?? null;
	}

	openRoom(name, isPrivate = false) {
		return this.find(name, isPrivate) ?? this.addRoom(name, isPrivate);
	}

	addRoom(name, isPrivate, other) {
		const room = new Room(name, isPrivate, this);
		this.rooms.push(room);
		const listed = () => [...this.listed.values()].find((one) => same(one.name, name) && !one.gone)?.with ?? null;
		if (isPrivate) this.identify(room, other ?? listed());
		const place = (one) => this.before.findIndex(({ key }) => key === one.key) >>> 0; // new ones come last
		const before = this.before[place(room)];
		if (before && !before.isBack) room.input.text = before.text;
		if (before) before.isBack = true;
		this.rooms.sort((a, b) => a.private - b.private || place(a) - place(b)); // as they are shown
		return room;
	}

	// Returns the conversation with the user whom requests call `other`, a new one if none is open.
	conversation(name, other) {
		const room = this.rooms.find((one) => one.private && one.with === other && other) ?? this.find(name, true);
		if (!room || (room.with !== other && room.with && other)) return this.addRoom(name, true, other);
		if (!room.with) this.identify(room, other);
		return room;
	}

	// Turns to the room that was on the screen before the page was loaded again.
	resume(room) {
		const was = this.before.find((one) => one.current);
		if (was?.key !== room.key) return;
		was.current = false;
		this.turnTo(room);
	}

	identify(room, other) {
		const listed = this.listed.get(other);
		room.with = other;
		if (other) room.side = listed?.gone ? "gone" : listed?.here === false ? "away" : "here";
		if (listed) room.readUpTo(listed.read);
	}

	turnTo(room) {
		if (room !== this.current) this.current?.turnedAway();
		this.current = room;
		if (this.looking) room.turnedTo();
		this.panels.close(true);
		this.fetchConversations();
		this.keep();
		this.changed();
	}

	turnBy(steps) {
		const count = this.rooms.length;
		this.turnTo(this.rooms[(this.rooms.indexOf(this.current) + steps + count) % count]);
	}

	turnToUnread() {
		const room = this.rooms.find((one) => one.calls) ?? this.rooms.find((one) => one.unread);
		if (room) this.turnTo(room);
	}

	// Shows the conversation with the user of that name.
	open(name) {
		this.turnTo(this.openRoom(name.replace(/^@/, ""), true));
	}

	// Shows a room before the server has answered, so that what is typed next goes to it.
	join(written) {
		const name = written.trim().replace(/^#/, "").toLowerCase();
		if (!this.find(name)?.joined) {
			this.link.ask("join", { room: name }, (answer) => {
				const room = this.find(name);
				if (answer.type === "error" && room && !room.joined) this.drop(room);
				this.tellAnswer(answer);
			});
		}
		this.turnTo(this.openRoom(name));
	}

	// Leaves the room, or closes the conversation.
	close(room) {
		if (this.rooms.length === 1) throw new Refused("This is the only room that you are in.");
		if (room.private || !room.joined) this.drop(room);
		else this.link.ask("leave", { room: room.name }, (answer) => this.tellAnswer(answer, room));
	}

	drop(room) {
		if (this.rooms.length < 2) return;
		if (room === this.current) this.turnBy(this.rooms.indexOf(room) ? -1 : 1);
		this.rooms = this.rooms.filter((one) => one !== room);
		this.changed();
	}

	// Notes whether the user sees the page. If not, new messages count as unread.
	look(looking) {
		if (looking === this.looking) return;
		this.looking = looking;
		if (looking) this.current?.turnedTo();
		else this.current?.turnedAway();
		this.changed();
	}

	// Something that is shown has changed: tells who draws, and soon keeps and tells what is read.
	changed() {
		this.emit("changed");
		if (!this.inside || this.marks) return;
		const delay = this.rooms.some((room) => room.markDue === 0) ? 0 : MARK_DELAY;
		this.marks = this.clock.setTimeout(() => this.markRead(), delay);
	}

	// Keeps what a page needs that is loaded again.
	keep() {
		this.saved.write("rooms", this.rooms.map((room) => (
			{ key: room.key, seen: room.known, text: room.input.text, current: room === this.current }
		)));
	}

	// Tells the server how far the user has read, for their other devices and for later.
	markRead() {
		this.marks = null;
		this.keep();
		for (const room of this.link.online ? this.rooms.filter((one) => one.markDue !== null) : []) {
			room.marked = room.known;
			const lost = ({ code }) => code === "" && (room.marked = null);
			this.link.ask("read", { ...room.address, id: room.known }, lost);
		}
	}

	// -- lines

	tell(text, kind = "notice", room = this.current, about = null) {
		const place = this.rooms.includes(room) ? room : this.current;
		if (!place) return void this.early.push([text, kind]); // the first room is not there yet
		place.add(told(kind, text, this.clock.date(), about));
		this.changed();
	}

	tellOf(event, room, about) {
		for (const text of words(event)) this.tell(text, event.type === "error" ? "refusal" : "notice", room, about);
	}

	// Shows the answer to what was typed in a room, unless it is shown anyhow.
	tellAnswer(answer, room) {
		const isShown = this[`on_${answer.type}`] || NEWS.includes(answer.type);
		if (!isShown || LISTS.includes(answer.type)) this.tellOf(answer, room);
	}

	// The reader is at the end of the room: what is far above is dropped.
	scrolled(atEnd) {
		this.atEnd = atEnd;
		if (atEnd) this.current?.keep();
	}

	readEarlier(room = this.current) {
		const { earlier: was, oldest } = room;
		if (!room.mayAskEarlier || !this.link.online) return;
		room.earlier = "asked";
		const fields = { ...room.address, before: oldest, count: Math.min(room.waiting || 100, 200) };
		this.link.ask("history", fields, (history) => {
			if (history.type === "error") room.earlier = history.code ? "none" : was;
			else room.addEarlier(this.linesOf(history.messages), history.more);
			if (this.looking && room === this.current) room.turnedTo();
			else if (!room.waiting) room.countUnread();
			this.changed();
		});
		this.changed();
	}

	linesOf(messages) {
		return messages.filter((one) => !this.ignored.has(one.author)).map((one) => said(one, this, true));
	}

	// Fetches the last messages of conversations that are unread, or looked at for the first time.
	fetchConversations() {
		for (const room of this.rooms) {
			if (room.earlier === "wanted" && room.with && (room === this.current || room.waiting)) this.readEarlier(room);
		}
	}

	// -- what the user says and does

	say(text, room = this.current, re = undefined, action = undefined) {
		if (room.side === "unsure") {
			room.side = "here";
			throw new Refused(`${room.name} may be somebody else now. Send it again if it is for whoever has the name.`);
		}
		this.post(room.private ? "msg" : "say", { ...room.address, text, re, action });
	}

	// Sends what stores something now, or when the connection is back. Throws Refused.
	post(type, fields) {
		const { text = Infinity, lines = Infinity } = this.limits ?? {};
		const bytes = new TextEncoder().encode(fields.text ?? "").length;
		const count = (fields.text ?? "").split("\n").length;
		if (bytes > text) {
			throw new Refused(`That is ${bytes} bytes long, and the server takes ${text} at once. Make it shorter.`);
		}
		if (count > lines) throw new Refused(`That has ${count} lines, and the server takes ${lines} at once.`);
		this.link.post(type, fields);
	}

	delete({ id }) {
		this.attempt(() => this.post("delete", { id }));
	}

	react({ id, reactions }, text) {
		const isMine = reactions.some((one) => one.mine && one.text === text);
		this.attempt(() => this.post("react", { id, text, on: !isMine }));
	}

	pin({ id, room, pinned }) {
		this.attempt(() => this.post("pin", { room, id, on: !pinned }));
	}

	// Runs a command as if it was typed in the current room.
	run(line) {
		this.attempt(() => run(this, line));
	}

	// Does something, and tells the user why if it can't be done. Returns whether it was done.
	attempt(what) {
		try {
			what();
			return true;
		} catch (error) {
			if (!(error instanceof Refused)) throw error;
			this.tell(error.message, "refusal");
			return false;
		}
	}

	// -- what the link tells

	stateChanged(state) {
		const { is, code } = state;
		if (is === "online") this.inside = true;
		if (is === "ended") {
			this.saved.write("rooms", null);
			this.clear([]);
		}
		this.tabs?.claim(this.inside ? this.name : null);
		this.changed();
		if (is === "online") this.panels.connected();
		if (code === "name-taken") this.tabs?.find(this.name.toLowerCase()).then(() => this.tellElsewhere(state));
	}

	// The name is taken: perhaps by the user, in another tab of the browser.
	tellElsewhere(state) {
		if (this.state !== state) return;
		this.link.state = { ...state, why: `${state.why} The chat is open under that name in another tab of this browser.` };
		this.changed();
	}

	// Up to where a guest had read the room, before the page was loaded again.
	seenBefore(name) {
		return this.before.find(({ key }) => key === `#${name}`)?.seen ?? null;
	}

	// Shows below the others what the server has not acknowledged.
	outboxChanged() {
		const posts = [...this.link.outbox.values()].filter((post) => SAID.includes(post.type));
		const facts = { author: this.name, mine: true, unsent: true, reply: null, reactions: [], file: null };
		this.pending = new Map(posts.map((post) => {
			const line = told(isAction(post) ? "action" : "say", post.text, this.clock.date());
			return [post.tag, this.pending.get(post.tag) ?? { ...line, ...facts }];
		}));
		for (const room of this.rooms) {
			const unsent = posts.filter((post) => room.isOf(post)).map((post) => this.pending.get(post.tag));
			if (unsent.length + room.unsent.length === 0) continue;
			Object.assign(room, { unsent, shown: null });
		}
		this.changed();
	}

	postRefused(post, refusal) {
		let room = this.rooms.find((one) => one.isOf(post)) ?? this.current;
		let text = isAction(post) ? `/me ${post.text}` : post.text;
		if (room.private && !room.with && refusal.code === "no-such-user") {
			text = `/msg ${room.name} ${post.text}`; // there is nobody to have a conversation with
			this.drop(room);
			room = this.current;
		}
		this.tellOf(refusal, room);
		if (SAID.includes(post.type)) this.input.giveBack(room, text);
	}

	// The user came in, and these are their conversations. Those with something unread are opened, and those that were
	// open in the page before it was loaded again, unless they were closed since.
	conversationsListed(conversations) {
		const wasOpen = ({ with: other }) => this.before.some(({ key, isBack }) => key === `@${other}` && !isBack);
		const opened = [...conversations.filter((one) => one.unread).slice(0, 20), ...conversations.filter(wasOpen)];
		for (const { name, unread, with: other } of new Set(opened)) {
			const room = this.conversation(name, other);
			if (!room.lines.length) room.waiting = room.unread = room.calls = unread;
			this.resume(room);
		}
		this.fetchConversations();
		this.changed();
	}

	// The room was entered, and what was said there before was passed on.
	roomReady(name, more) {
		const room = this.openRoom(name);
		room.earlier = more ? "possible" : "none";
		room.isReady = true;
		if (room.unread) room.countUnread();
		this.changed();
	}

	received(event, old, isAnswer = false) {
		const { type, room: name } = event;
		if (isChange(event)) return this.messageChanged(event, old);
		const room = this.find(name ?? "");
		const handler = this[`on_${type}`];
		room?.apply(event);
		handler?.call(this, event, old);
		if (PRESENCE.includes(type) && name !== null) {
			if (room && event.name !== this.name && event.new !== this.name) room.addFolded(event);
		} else if (NEWS.includes(type) || !(handler || isAnswer)) this.tellOf(event, room ?? this.current);
		this.changed();
	}

	on_welcome({ role, limits, words: named }) {
		Object.assign(this, { role, limits, words: named, ignoredBefore: [...this.ignored] });
	}

	on_message(event, old) {
		const { author, to, room: place, with: other } = event;
		if (this.ignored.has(author)) return;
		const mine = author === this.name;
		const name = mine && to ? to : author;
		const room = place === null ? this.conversation(name, other) : this.openRoom(place);
		if (place === null && !old) room.name = name;
		const line = said(event, this, old);
		const isSeen = this.looking && room === this.current;
		room.addMessage(line, isSeen);
		if (isSeen && this.atEnd !== false) room.keep();
		if (!isSeen && !old && !mine && !line.notice && (line.mention || line.private)) this.emit("called", room, line);
	}

	on_room(event) {
		const room = this.openRoom(event.room);
		room.enter(event);
		const away = event.away.get(this.name) ?? null;
		if (this.away !== null && away === null && !this.registered) this.link.ask("away", { text: this.away });
		this.away = away; // a guest whose session is new stays away, as soon as the server says so
		if (!this.current) this.turnTo(room);
		this.resume(room);
		for (const one of this.early.splice(0)) this.tell(...one);
		this.outboxChanged();
	}

	on_left({ room: place, name, by, text }) {
		const room = this.find(place);
		if (name !== this.name) {
			if (!this.rooms.some((one) => one.users.has(name))) this.doubt(name);
		} else if (room) {
			room.joined = false;
			this.drop(room);
			if (by !== null) this.tell(putOut(room.title, by, text), "refusal");
		}
	}

	on_renamed(event) {
		for (const name of [event.name, event.new]) this.doubt(name);
	}

	on_away({ room, text }) {
		if (room === null) this.away = text;
	}

	on_words(event) {
		this.words = event.words;
	}

	// In a new session, a guest goes on ignoring whom they ignored in the one before.
	on_ignored({ names }) {
		const before = this.registered ? [] : this.ignoredBefore;
		this.ignoredBefore = [];
		for (const name of before) if (!names.includes(name)) this.link.ask("ignore", { name, on: true }, () => {});
		this.ignored = new Set(names);
	}

	on_read({ room: name, with: other, id }) {
		const room = other === null ? this.find(name ?? "") : this.rooms.find((one) => one.with === other);
		room?.readUpTo(id, true);
	}

	on_conversations({ conversations }) {
		for (const one of conversations) {
			this.listed.set(one.with, one);
			const open = this.find(one.name, true);
			const room = this.rooms.find((room) => room.with === one.with) ?? (open && !open.with && !one.gone ? open : null);
			if (!room) continue;
			room.name = one.name;
			this.identify(room, one.with);
		}
	}

	on_conversation({ with: other, name, here }) {
		const gone = name === null;
		const listed = this.listed.get(other);
		if (listed) Object.assign(listed, { name: name ?? listed.name, here, gone });
		const room = this.rooms.find((one) => one.with === other);
		if (!room) return;
		if (!gone && name !== room.name) this.tell(`${room.name} is now known as ${name}.`, "notice", room);
		Object.assign(room, { name: name ?? room.name, side: gone ? "gone" : here ? "here" : "away" });
	}

	// A message was edited, deleted, reacted to or pinned.
	messageChanged(event, old) {
		const mine = event.by === this.name;
		const isAbout = event.room === null
			? (room) => room.with && room.with === event.with
			: (room) => !room.private && room.name === event.room;
		for (const room of this.rooms.filter(isAbout)) {
			room.change(event, mine, old);
			if (event.type === "pinned" && !old) this.tellOf(event, room, event.id);
			this.changed();
		}
		this.panels.changed((line) => changed(line, event, mine));
	}

	// Whoever is called `name` now may be another than the one to whom the user has begun to write.
	doubt(name) {
		const room = this.find(name, true);
		if (!room || room.with || room.side !== "here") return;
		room.side = "unsure";
		this.tell(`${name} has left, or has another name. Whoever has the name now may be somebody else.`, "notice", room);
	}
}

// What the link knows and does.
for (const name of ["state", "name", "registered", "features"]) {
	Object.defineProperty(Store.prototype, name, { get() { return this.link[name]; } });
}
for (const name of ["enter", "answer", "reconnect", "wake", "leave"]) {
	Store.prototype[name] = function (...given) { return this.link[name](...given); };
}

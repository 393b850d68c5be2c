// The connection to the chat. After a break it resumes: what the user says is stored once, and what others say is shown
// once. docs/protocol.md tells what the server promises for that.

import { Place } from "./order.js";
import { isChange, read } from "./wire.js";

const LONGEST_WAIT = 30;
const WELCOME_WAIT = 15;
const PING_INTERVAL = 10;
const SILENT_PINGS = 3; // the connection counts as dead if nothing comes during so many pings
const MAXIMUM_OUTBOX = 100;
const BACKLOG = 100;
const PAGE = 200; // the most messages that the server sends at once
const SILENCE = "The server does not answer.";
const SECRETS = {
	"password-needed": "password", "wrong-password": "password", "not-secure": "password",
	"key-needed": "key", "wrong-key": "key", "invitation-needed": "invitation", "wrong-invitation": "invitation",
};

// Why something can't be done, as a sentence for the user; `code` is that of the server's refusal.
export class Refused extends Error {
	constructor(text, code = "") {
		super(text);
		this.code = code;
	}
}

// `state.is` is outside, connecting, greeting, asking, online, waiting, leaving, elsewhere or ended. `listener`, a
// Store, is told of everything. `saved` is what the tab keeps while the page is loaded again.
export class Link {
	constructor({ openSocket, clock, random, saved, listener }) {
		Object.assign(this, { openSocket, clock, random, saved, listener });
		this.state = { is: "outside", why: "", code: "" };
		this.answers = new Map(); // what to do with the answer to a request, by its tag
		this.restore(saved.read("link") ?? {});
	}

	restore({ name = "", token = null, outbox = [], rooms = [], registered = false }) {
		Object.assign(this, { name, token, registered, firstRooms: rooms, welcomed: "", failures: 0, tags: 0 });
		this.prefix = this.random().toString(36).slice(2); // of tags, which differ from those of the page before
		this.outbox = new Map(outbox.map((request) => [request.tag, request])); // what is not acknowledged, in order
		this.names = new Set([name]); // those that we have had
		this.places = new Map(); // of each room that we are in
		this.features = new Set();
		this.seenPrivate = new Set();
		this.lastPrivate = null; // the greatest number of the private messages and changes that there are
		this.hello = {}; // the secrets of the next hello
	}

	save() {
		const { name, token, registered, places, outbox } = this;
		const rooms = places.size ? [...places.keys()] : this.firstRooms;
		this.saved.write("link", token && { name, token, registered, rooms, outbox: [...outbox.values()] });
	}

	// -- what the user does

	// Comes in, or comes back under another name.
	enter(written, { rooms, ...secrets } = {}) {
		const name = written.trim();
		if (name !== this.name || this.state.is === "outside") this.hello = {};
		this.name = name;
		this.firstRooms = rooms ?? this.firstRooms;
		Object.assign(this.hello, secrets);
		this.reconnect();
	}

	// Gives what the server asks for.
	answer(secret) {
		const wanted = this.state.secret;
		this.hello[wanted === "key" ? "key" : wanted === "invitation" ? "code" : "password"] = secret;
		if (wanted === "invitation") this.hello.register = true;
		if (wanted !== "invitation" || this.hello.password) this.reconnect();
		else this.go({ ...this.state, secret: "new-password", why: `Choose a password for ${this.name}.` });
	}

	// Makes the next attempt now, if none is under way.
	reconnect() {
		this.failures = 0;
		if (!this.online && !["connecting", "greeting"].includes(this.state.is)) this.connect();
	}

	// The machine woke up, or the network is back: is there still a connection?
	wake() {
		if (this.state.is === "waiting") this.reconnect();
		if (this.state.is !== "online") return;
		this.heard = false;
		this.ask("ping");
		this.wait(4, () => (this.heard ? this.beat() : this.broken(SILENCE)));
	}

	leave() {
		if (this.state.is !== "online") return this.end("ended", "");
		this.listener.markRead();
		this.go({ is: "leaving" });
		this.ask("quit");
		this.wait(2, () => this.end("ended", ""));
	}

	get online() {
		return ["online", "leaving"].includes(this.state.is);
	}

	// Sends a request. `then` is called with its answer, or with an error that tells why there is none.
	ask(type, fields = {}, then = null) {
		if (!this.online) throw new Refused("There is no connection now. Try again when it is back.");
		const tag = this.nextTag();
		if (then) this.answers.set(tag, then);
		this.send({ type, ...fields, tag });
	}

	// Sends a message or a change now, or when the connection is back. It is stored once.
	post(type, fields) {
		if (this.outbox.size >= MAXIMUM_OUTBOX) {
			throw new Refused("Too many messages are waiting to be sent. Try again when they are gone.");
		}
		const request = { type, ...fields, tag: this.nextTag() };
		this.outbox.set(request.tag, request);
		this.save();
		if (this.online) this.send(request);
		this.listener.outboxChanged();
	}

	nextTag() {
		this.tags += 1;
		return `${this.prefix}-${this.tags}`;
	}

	// -- the connection

	connect() {
		this.go({ is: "connecting" });
		const socket = (this.socket = this.openSocket());
		socket.onopen = () => {
			this.go({ is: "greeting" });
			const rooms = this.places.size ? [...this.places] : this.firstRooms.map((room) => [room, null]);
			const hello = { type: "hello", name: this.name, accept: ["changes", "conversations", "lines"], ...this.hello };
			if (rooms.length) hello.rooms = Object.fromEntries(rooms.map(([room, place]) => [room, place?.seen ?? null]));
			if (this.token) Object.assign(hello, { token: this.token, private: this.lastPrivate });
			this.entering = new Set(this.places.keys()); // where we were before a break, and are not yet again
			this.send(hello);
		};
		socket.onmessage = ({ data }) => {
			this.heard = true;
			const event = read(data);
			if (event && socket === this.socket) this.received(event);
		};
		socket.onclose = () => this.broken("The connection was lost.");
		this.wait(WELCOME_WAIT, () => this.broken(SILENCE));
	}

	send(request) {
		this.socket.send(JSON.stringify(request));
	}

	// Lets go of the socket, which may take minutes to close if the network is gone.
	drop() {
		this.clock.clearTimeout(this.timer);
		if (this.socket) this.socket.onopen = this.socket.onmessage = this.socket.onclose = null;
		this.socket?.close();
		this.socket = null;
		const answers = [...this.answers.values()];
		this.answers.clear();
		const lost = { type: "error", code: "", text: "The connection was lost before the answer came." };
		for (const then of answers) then(lost);
	}

	// The connection has ended: what becomes of it?
	broken(why, code = "") {
		const { is } = this.state;
		const secret = SECRETS[code] ?? (code === "bad-password" && this.hello.register ? "new-password" : null);
		if (is === "leaving" || code === "banned") return this.end("ended", why, code);
		this.drop();
		if (secret) return this.go({ is: "asking", secret, why, code, name: this.name });
		if (!this.token) return this.go({ is: "outside", why, code });
		this.failures = is === "online" ? 0 : this.failures + 1;
		// A part of the time is random, so that clients do not all come back at once.
		const longest = Math.min(LONGEST_WAIT, 2 ** Math.min(this.failures, 10));
		return this.retryIn(longest * (0.5 + 0.5 * this.random()), why, code);
	}

	retryIn(left, why, code) {
		this.go({ is: "waiting", why, code, seconds: Math.max(1, Math.round(left)) });
		this.wait(Math.min(left, 1), () => (left > 1 ? this.retryIn(left - 1, why, code) : this.connect()));
	}

	// The session is over, or goes on elsewhere.
	end(is, why, code = "") {
		this.drop();
		if (is === "ended") this.restore({ name: this.name });
		this.save();
		this.go({ is, why, code });
	}

	go(state) {
		this.state = state;
		this.listener.stateChanged(state);
	}

	// Sets the one timer: for the welcome, then for pings, then for the goodbye or the next attempt.
	wait(seconds, then) {
		this.clock.clearTimeout(this.timer);
		this.timer = this.clock.setTimeout(then, seconds * 1000);
	}

	beat() {
		this.silent = this.heard ? 0 : this.silent + 1;
		this.heard = false;
		if (this.silent >= SILENT_PINGS) return this.broken(SILENCE);
		this.ask("ping");
		return this.wait(PING_INTERVAL, () => this.beat());
	}

	// -- what the server sends

	received(event) {
		if (event.type === "goodbye") return this.goodbye(event);
		if (this.state.is === "greeting") return this.greeted(event);
		if (event.type === "message") return this.message(event);
		if (isChange(event)) return this.changed(event);
		const then = this.answers.get(event.tag);
		this.answers.delete(event.tag);
		if (this[`on_${event.type}`]?.(event) !== false) this.listener.received(event, false, Boolean(then));
		return then?.(event);
	}

	goodbye({ text, code }) {
		if (this.state.is === "leaving") this.end("ended", "");
		else if (code) this.end(code === "replaced" ? "elsewhere" : "ended", text, code);
		else this.broken(text);
	}

	// Handles the answer to `hello`.
	greeted(event) {
		if (event.type === "error") return this.broken(event.text, event.code);
		if (event.type !== "welcome") return;
		const isFirst = !this.token;
		const lostAccount = this.registered && !event.registered;
		const { key } = this.hello;
		this.hello = key ? { key } : {}; // the token brings us back, and no password is kept
		Object.assign(this, { name: event.name, token: event.token, welcomed: event.time, registered: event.registered });
		this.names.add(event.name);
		this.features = new Set(event.features);
		this.silent = 0;
		this.save();
		this.go({ is: "online" });
		this.listener.received(event, false);
		if (lostAccount) this.listener.received({ type: "notice", text: "You are here without an account now." }, false);
		for (const request of this.outbox.values()) this.send(request);
		const asked = this.firstRooms.length ? this.firstRooms : ["lobby"];
		const others = event.rooms.map((one) => one.room).filter((room) => !asked.includes(room));
		const most = Math.max(event.limits.rooms - asked.length, 0);
		if (isFirst) for (const room of others.slice(0, most)) this.ask("join", { room });
		this.ask("ignore", {}, () => {});
		if (this.features.has("conversations")) {
			this.ask("conversations", {}, ({ conversations = [] }) => {
				for (const one of conversations) this.sawPrivate(one.last);
				this.listener.conversationsListed(conversations);
			});
		}
		this.beat();
	}

	on_notice(event) {
		return !this.acknowledged(event); // it was sent again after a break, and had come before that
	}

	// We read too slowly, and something was left out: coming back brings all of it. What is private comes by itself.
	on_missed({ room }) {
		if (room === null) return;
		this.drop();
		this.connect();
	}

	on_room(state) {
		const { room, last } = state;
		this.listener.received(state, false);
		this.entering.delete(room);
		const before = this.places.get(room);
		// If the newest id is smaller than it was, the chat has forgotten everything: its ids begin anew.
		if (before && before.seen !== null && last >= before.newest) before.last = last;
		else {
			if (before?.seen) this.lastPrivate = null;
			this.places.set(room, new Place(last));
			const unread = last - (state.read ?? this.listener.seenBefore(room) ?? last);
			if (last) this.fetch(room, Math.min(Math.max(BACKLOG, unread), PAGE));
			else this.listener.roomReady(room, false);
		}
		this.save();
		return false;
	}

	on_left({ name, room }) {
		if (name === this.name) this.places.delete(room);
		this.save();
	}

	on_renamed(event) {
		if (event.name !== this.name) return;
		this.name = event.new;
		this.names.add(event.new);
		this.save();
	}

	on_error(event) {
		// Behind those that we have come into again, the server tells that there are rooms that we may not come into.
		if (event.tag === null) {
			for (const room of this.entering) {
				this.places.delete(room);
				this.listener.received({ type: "left", time: this.welcomed, room, name: this.name, by: null }, false);
			}
			this.entering.clear();
			if (!this.places.size) this.ask("join", { room: "lobby" });
		}
		const post = this.acknowledged(event);
		if (post) this.listener.postRefused(post, event);
		return !post;
	}

	// Takes what `event` answers out of the outbox, and returns it.
	acknowledged({ tag }) {
		const post = this.outbox.get(tag);
		if (!post) return null;
		this.outbox.delete(tag);
		this.save();
		this.listener.outboxChanged();
		return post;
	}

	message(message) {
		if (this.names.has(message.author)) this.acknowledged(message);
		const place = this.places.get(message.room);
		if (place) return this.show(place, place.take(message));
		if (message.room !== null) return;
		this.sawPrivate(message.id);
		if (this.seenPrivate.has(message.id + message.time)) return;
		this.seenPrivate.add(message.id + message.time);
		this.listener.received(message, message.time < this.welcomed);
	}

	changed(change) {
		if (this.names.has(change.by)) this.acknowledged(change);
		const place = this.places.get(change.room);
		if (place) return this.show(place, place.take(change));
		if (change.room === null) this.sawPrivate(change.rev ?? 0);
		return this.listener.received(change, change.time < this.welcomed);
	}

	sawPrivate(number) {
		this.lastPrivate = Math.max(this.lastPrivate ?? 0, number);
	}

	show(place, news) {
		for (const one of news) {
			this.listener.received(one, one.type === "message" ? one.id <= place.last : one.time < this.welcomed);
		}
	}

	// Fetches the last messages of a room.
	fetch(room, count) {
		const place = this.places.get(room);
		this.ask("history", { room, count }, ({ messages = [], more = true }) => {
			if (this.places.get(room) !== place || !this.online) return;
			this.show(place, place.backlog(messages));
			this.listener.roomReady(room, more);
		});
	}
}

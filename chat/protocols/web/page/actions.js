// What the menus of a message, a person, a room and oneself offer, and the dialogs behind that.

import { change, missing, settings } from "./alerts.js";
import { REACTIONS } from "./completion.js";
import { h } from "./dom.js";
import { passwordsHere } from "./door.js";
import { dialog, menu } from "./menus.js";
import { ago, moment } from "./times.js";

const WHO = { open: "Everybody", members: "Users with an account, and the invited", private: "Only the invited" };
const KEYS = {
	"Enter; Shift-Enter": "sends; begins another line",
	Tab: "completes names, commands, rooms; again for the next",
	"Up, in an empty line": "changes what you said last",
	"Ctrl-Up, Ctrl-Down": "what you typed before here",
	"PageUp, PageDown, Ctrl-End": "scroll; back to the newest",
	"Alt-Up, Alt-Down": "choose a message; Enter opens its menu",
	"Alt-Right, Alt-Left, Alt-1 to 9": "the next room, the one before, that room",
	"Alt-A": "a room with something unread",
	"Ctrl-F": "searches; again, in what the browser shows",
	F6: "the next part of the page",
	Escape: "back from a search, an answer, a change",
};
const WHY = ["Why"];
const TIME = ["For how long", "10m", { note: "like 30s, 10m, 2h, 7d, 4w" }];
const NEW = ["Password", "", { autocomplete: "new-password", note: "8 to 256 characters" }];
const facts = (list) => h("dl.keys", Object.entries(list).filter(([, text]) => text).map(([term, text]) => [h("dt", term), h("dd.muted", { dir: "auto" }, text)]));
const date = (text) => moment(new Date(text));

export class Actions {
	constructor(store, does) {
		Object.assign(this, { store, does });
	}

	// Sends a request. A refusal is told where one types.
	send(type, fields = {}) {
		return this.store.ask(type, fields).catch((refusal) => this.does.refused(refusal.message));
	}

	// An entry of a menu that asks for something in a dialog, and sends a request.
	asks(entry, title, list, button, type, request, style) {
		const act = (values) => this.store.ask(type, request(values));
		return [entry, () => dialog(title, { list, button, act, danger: style }), style];
	}

	reacts(row) {
		const texts = new Set([...Object.keys(REACTIONS).slice(0, 6), ...row.reactions.map((one) => one.text)]);
		return h("div.reacts", { role: "group", ariaLabel: "React" }, [...texts].map((text) =>
			h("button", { role: "menuitem", ariaLabel: `${text} ${REACTIONS[text] ?? ""}`, onclick: () => this.store.react(row, text) }, text)));
	}

	react(row, anchor) {
		const another = () => dialog("React", { list: { text: ["One emoji, or a word"] }, button: "React", act: ({ text }) => this.store.react(row, text.trim()) });
		menu(anchor, "React", [this.reacts(row), ["Another…", another]]);
	}

	message(row, anchor) {
		const { store, does } = this;
		const may = (what) => store.input.may(what, row);
		const remove = () => dialog("Delete this message?", { text: row.text.slice(0, 300), button: "Delete", danger: true, act: () => store.delete(row) });
		menu(anchor, "Message", [
			may("react") && this.reacts(row),
			["Reply", () => does.reply(row)],
			may("edit") && ["Edit", () => does.edit(row)],
			["Copy the text", () => copy(row.text)],
			may("pin") && [row.pinned ? "Unpin" : "Pin", () => store.pin(row)],
			!row.mine && [`More about ${row.author}`, () => this.person(row.author, anchor)],
			may("delete") && ["Delete…", remove, "worse"],
		], moment(row.time));
	}

	person(name, anchor) {
		const { store } = this;
		const { current } = store;
		if (name === store.name) return this.me(anchor);
		const room = current.name;
		const there = !current.private && current.people.find((person) => person.name === name);
		const isOp = !current.private && current.isOp;
		const ban = (request) => this.asks(`Ban from ${request.room ? "the room" : "the chat"}…`, `Ban ${name}`, { time: TIME, why: WHY }, "Ban", "ban", ({ time, why }) => ({ ...request, target: name, text: `${time} ${why}` }), "worse");
		return menu(anchor, name, [
			["Talk in private", () => store.open(name)],
			["Mention", () => this.does.insert(name)],
			["Who is this?", () => this.whois(name)],
			this.ignoring(name),
			isOp && "-",
			isOp && there && [there.op ? "No longer an op" : "Make an op", () => this.send("op", { room, name, on: !there.op })],
			isOp && ["May speak again", () => this.send("unmute", { room, name })],
			isOp && this.asks("Mute…", `Mute ${name}`, { time: TIME, why: WHY }, "Mute", "mute", ({ time, why }) => ({ room, name, text: `${time} ${why}` }), "worse"),
			isOp && there && this.asks("Put out of the room…", `Put ${name} out of ${current.title}`, { text: WHY }, "Put out", "kick", (values) => ({ room, name, ...values }), "worse"),
			isOp && ban({ room }),
			store.role && ban({}),
		]);
	}

	ignoring(name) {
		const on = !this.store.ignored.has(name);
		return [on ? "Ignore" : "Show again what they say", () => this.send("ignore", { name, on })];
	}

	async whois(name) {
		const who = await this.send("whois", { name });
		if (!who) return;
		const rooms = who.rooms.map((room) => `#${room}`).join(" ");
		dialog(name, { body: facts({ Account: who.account ?? "none, only a name", Rooms: rooms, Away: who.away, "Silent for": ago(who.idle), "Here since": date(who.since) }) });
	}

	place(anchor) {
		const { store } = this;
		const { current, panels } = store;
		const { name: room, title, isOp, locked, status, access, topic } = current;
		const leave = (text) => [text, () => store.attempt(() => store.close(current)), "worse"];
		if (current.private) return menu(anchor, title, [current.side !== "gone" && ["Who is this?", () => this.whois(room)], this.ignoring(room), leave("Close")]);
		return menu(anchor, title, [
			["Pinned messages", () => panels.listPins()],
			["What names you", () => panels.listMentions()],
			["Rules of the room", () => store.run("/room")],
			(isOp || !locked) && this.asks("Topic…", `Topic of ${title}`, { text: ["What it is about", topic] }, "Set", "topic", (values) => ({ room, ...values })),
			...(isOp ? [
				"-",
				this.asks("Who may come in…", `Who may come into ${title}`, { access: ["Let in", access, { choices: WHO }] }, "Set", "room", (values) => ({ room, ...values })),
				this.asks("Invite…", `Invite to ${title}`, { name: ["Name"] }, "Invite", "invite", (values) => ({ room, ...values })),
				this.asks("Slow down…", `Slow down ${title}`, { text: ["How long one waits between two messages", "10s", { note: "like 10s or 2m; off ends it" }] }, "Set", "slow", (values) => ({ room, ...values })),
				[locked ? "Let everybody set the topic" : "Only ops set the topic", () => this.send("lock", { room, on: !locked })],
				["Banned from here…", () => this.bans(current)],
				[status === "archived" ? "Let people speak again" : "Archive: nobody speaks", () => this.send("room", { room, access: "archived", on: status !== "archived" })],
			] : []),
			leave(`Leave ${title}`),
		]);
	}

	// A dialog with a list. Of each thing, `words` tells name, facts, and the button that ends it.
	pairs(title, none, list, words, act) {
		const items = list.map((one) => {
			const [name, more, button] = words(one);
			const item = h("li", h("span.grow", h("bdi", name), h("small", { dir: "auto" }, more)),
				button && h("button.plain", { onclick: async () => { if (await this.send(...act(one))) item.remove(); } }, button));
			return item;
		});
		return dialog(title, { text: items.length ? "" : none, body: h("ul.choices", items) });
	}

	async bans({ name: room, title }) {
		const answer = await this.send("bans", { room });
		const words = ({ target, until, by, why }) => [target, `${until ? `until ${date(until)}` : "for ever"}, by ${by} ${why}`, "Let in again"];
		if (answer) this.pairs(`Banned from ${title}`, "Nobody is.", answer.bans, words, ({ target }) => ["unban", { target, room }]);
	}

	async devices() {
		const answer = await this.send("devices");
		const words = (one) => [one.this ? "Here" : one.address ?? "The server", `${one.way}, silent for ${ago(one.idle)}, since ${date(one.since)}`, !one.this && "Log out"];
		if (answer) this.pairs("Where you are connected", "", answer.devices, words, ({ device }) => ["logout", { device }]);
	}

	me(anchor) {
		const { store } = this;
		const { registered, features, name, role, away, ignored, words } = store;
		const callers = { words: ["Words that call you, as your name does", words.join(", ")] };
		menu(anchor, "You", [
			away === null ? this.asks("Away…", "Away", { text: ["What others see", "away"] }, "Set", "away", (values) => values) : ["I am back", () => this.send("away")],
			registered ? ["Another name…", () => this.secret("rename")] : this.asks("Another name…", "Another name", { name: ["Name", name] }, "Take it", "nick", (values) => values),
			"-",
			...(registered ? [
				["Where you are connected…", () => this.devices()],
				this.asks("Words that call you…", "Words that call you", callers, "Set", "notify", (values) => ({ words: values.words.split(/[\s,]+/).filter(Boolean) })),
				["Another password…", () => this.secret("password")],
				["Give up the account…", () => this.secret("unregister"), "worse"],
			] : [["Make this name yours…", () => this.secret("register")]]),
			features.has("invitations") && ["Invite to the chat", () => this.invitation()],
			["Ignored people…", () => this.pairs("Ignored people", "You ignore nobody.", [...ignored], (one) => [one, "", "Show again"], (one) => ["ignore", { name: one, on: false }])],
			"-",
			["Sound and notifications…", () => this.alerts()],
			["Keys", () => dialog("Keys", { body: facts(KEYS) })],
			["Leave the chat", () => store.leave(), "worse"],
		], `${name}${role ? `, ${role}` : registered ? "" : ", without an account"}`);
	}

	async invitation() {
		const answer = await this.send("invitation");
		if (answer) dialog("An invitation", { text: answer.text });
	}

	// Opens the dialog for a command with a password, which is never typed in the line.
	secret(name) {
		const { store } = this;
		const here = passwordsHere(store);
		const current = ["Password", "", { autocomplete: "current-password" }];
		const [title, text, list, button] = {
			register: [`Make ${store.name} yours`, "The name, and every name that looks like it, then needs this password.", { password: NEW, ...(store.features.has("register") ? {} : { code: ["Code of your invitation"] }) }, "Make it mine"],
			password: ["Another password", "Your other devices are logged out.", { password: NEW }, "Change it"],
			rename: ["Another name", "The name before is kept for you for 30 days.", { name: ["Name", store.name], password: current }, "Take it"],
			unregister: ["Give up the account?", "Your rights, and your side of private conversations, are gone then.", { password: current }, "Give it up"],
		}[name];
		if (store.passwords === "no") return dialog(title, { text: here });
		const act = (values) => (name === "rename" ? store.ask(name, values) : store.account(name, values.password, values.code));
		return dialog(title, { text: `${text} ${here}`, list, button, danger: name === "unregister", act });
	}

	alerts() {
		const list = { sound: ["Play a sound", "", { checked: settings.sound }], ...(missing() ? {} : { notify: ["Show a notification", "", { checked: settings.notify }] }) };
		dialog("Sound and notifications", { text: `Your name, answers to you, @room and private messages call you. ${missing()}`, list, button: "Set", act: change });
	}

	join() {
		const list = h("ul.choices");
		const go = (room) => this.store.attempt(() => this.store.join(room));
		const done = dialog("Rooms", { list: { room: ["Name of a room, also of a new one"] }, body: list, button: "Join", act: ({ room }) => { if (room.trim()) go(room); } });
		this.store.ask("rooms", { count: 100 }).then(({ rooms }) => list.append(...rooms.map(({ room, users, topic }) => h("li", h("button.grow", {
			onclick: ({ target }) => {
				target.closest("dialog").close();
				go(room);
			},
		}, h("bdi", `#${room}`), h("small", { dir: "auto" }, `${users === 1 ? "1 person" : `${users} people`}${topic && ` · ${topic}`}`))))), () => {});
		return done;
	}

	talk() {
		return dialog("Talk in private", { list: { name: ["With whom"] }, button: "Open", act: ({ name }) => { if (name.trim()) this.store.open(name.trim()); } });
	}
}

// Copies a text, also on plain http, where browsers give pages no clipboard.
function copy(text) {
	if (navigator.clipboard) return navigator.clipboard.writeText(text);
	const area = h("textarea.unseen", { value: text });
	document.body.append(area);
	area.select();
	document.execCommand("copy");
	return area.remove();
}

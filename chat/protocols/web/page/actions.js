// What the menus of a message, a person, a room and oneself offer, and the dialogs behind that.

import { change, missing, settings } from "./alerts.js";
import { REACTIONS } from "./completion.js";
import { h } from "./dom.js";
import { CHOSEN, CODE, CURRENT, passwordsHere } from "./door.js";
import { dialog, menu } from "./menus.js";
import { at, banned } from "./sentences.js";
import { ago, counted, moment } from "./times.js";

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
	Escape: "back from a search, an answer, a change; stops a file",
};
const WHY = ["Why"];
const TIME = ["For how long", "10m", { note: "like 30s, 10m, 2h, 7d, 4w" }];

// Makes a list of terms and what is to be said of each, without those of which there is nothing to say.
export function facts(list) {
	const known = list.filter(([, text]) => text);
	return h("dl.keys", known.map(([term, text]) => [h("dt", term), h("dd.muted", { dir: "auto" }, text)]));
}

export class Actions {
	constructor(store, does) {
		Object.assign(this, { store, does });
	}

	// Sends a request. A refusal is told where one types.
	send(type, fields = {}) {
		return this.store.ask(type, fields).catch((refusal) => this.does.refused(refusal.message));
	}

	// An entry of a menu that opens a dialog, and sends a request with `fields` and with what was filled in, as `read`
	// makes it of that.
	asks([entry, title, button], list, type, fields, { style, read = (values) => values } = {}) {
		const act = (values) => this.store.ask(type, { ...fields, ...read(values) });
		return [entry, () => dialog(title, { list, button, act, danger: style }), style];
	}

	// An entry for what holds for a time.
	asksTime(texts, type, fields) {
		const read = ({ time, why }) => ({ text: `${time} ${why}` });
		return this.asks(texts, { time: TIME, why: WHY }, type, fields, { style: "worse", read });
	}

	reacts(row) {
		const texts = new Set([...Object.keys(REACTIONS).slice(0, 6), ...row.reactions.map((one) => one.text)]);
		const buttons = [...texts].map((text) => {
			const onclick = () => this.store.react(row, text);
			return h("button", { role: "menuitem", ariaLabel: `${text} ${REACTIONS[text] ?? ""}`, onclick }, text);
		});
		return h("div.reacts", { role: "group", ariaLabel: "React" }, buttons);
	}

	react(row, anchor) {
		const act = ({ text }) => this.store.react(row, text.trim());
		const another = () => dialog("React", { list: { text: ["One emoji, or a word"] }, button: "React", act });
		menu(anchor, "React", [this.reacts(row), ["Another…", another]]);
	}

	message(row, anchor) {
		const { store, does } = this;
		const may = (what) => store.input.may(what, row);
		const act = () => store.delete(row);
		const text = row.text.slice(0, 300);
		const remove = () => dialog("Delete this message?", { text, button: "Delete", danger: true, act });
		menu(anchor, "Message", [
			may("react") && this.reacts(row),
			["Reply", () => does.reply(row)],
			row.reply && ["Show what it answers", () => does.answered(row)],
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
		const putOut = ["Put out of the room…", `Put ${name} out of ${current.title}`, "Put out"];
		const ban = (where, fields) =>
			this.asksTime([`Ban from ${where}…`, `Ban ${name}`, "Ban"], "ban", { target: name, ...fields });
		return menu(anchor, name, [
			["Talk in private", () => store.open(name)],
			["Mention", () => this.does.insert(name)],
			["Who is this?", () => this.whois(name)],
			this.ignoring(name),
			...(isOp ? [
				"-",
				there && [there.op ? "No longer an op" : "Make an op", () => this.send("op", { room, name, on: !there.op })],
				["May speak again", () => this.send("unmute", { room, name })],
				this.asksTime(["Mute…", `Mute ${name}`, "Mute"], "mute", { room, name }),
				there && this.asks(putOut, { text: WHY }, "kick", { room, name }, { style: "worse" }),
				ban("the room", { room }),
			] : []),
			store.role && ban("the chat", {}),
		]);
	}

	ignoring(name) {
		const on = !this.store.ignored.has(name);
		return [on ? "Ignore" : "Show again what they say", () => this.send("ignore", { name, on })];
	}

	async whois(name) {
		const who = await this.send("whois", { name });
		if (!who) return;
		dialog(name, {
			body: facts([
				["Account", who.account ?? "none, only a name"],
				["Rooms", who.rooms.map((room) => `#${room}`).join(" ")],
				["Away", who.away],
				["Silent for", ago(who.idle)],
				["Here since", at(who.since)],
			]),
		});
	}

	place(anchor) {
		const { store } = this;
		const { current, panels } = store;
		const { name: room, title, isOp, locked, status, access, topic } = current;
		const leave = (text) => [text, () => store.attempt(() => store.close(current)), "worse"];
		if (current.private) {
			const who = current.side !== "gone" && ["Who is this?", () => this.whois(room)];
			return menu(anchor, title, [who, this.ignoring(room), leave("Close")]);
		}
		const about = { text: ["What it is about", topic] };
		const letIn = { access: ["Let in", access, { choices: WHO }] };
		const wait = { text: ["How long one waits between two messages", "10s", { note: "like 10s or 2m; off ends it" }] };
		const archive = { room, access: "archived", on: status !== "archived" };
		return menu(anchor, title, [
			["Pinned messages", () => panels.listPins()],
			["What names you", () => panels.listMentions()],
			["Rules of the room", () => store.run("/room")],
			(isOp || !locked) && this.asks(["Topic…", `Topic of ${title}`, "Set"], about, "topic", { room }),
			...(isOp ? [
				"-",
				this.asks(["Who may come in…", `Who may come into ${title}`, "Set"], letIn, "room", { room }),
				this.asks(["Invite…", `Invite to ${title}`, "Invite"], { name: ["Name"] }, "invite", { room }),
				this.asks(["Slow down…", `Slow down ${title}`, "Set"], wait, "slow", { room }),
				[locked ? "Let everybody set the topic" : "Only ops set the topic", () => this.send("lock", { room, on: !locked })],
				["Banned from here…", () => this.bans(current)],
				[archive.on ? "Archive: nobody speaks" : "Let people speak again", () => this.send("room", archive)],
			] : []),
			leave(`Leave ${title}`),
		]);
	}

	// A dialog with a list. Of each thing, `tell` tells name, facts, and the button and the request that end it.
	pairs(title, list, tell, none = "") {
		const items = list.map((one) => {
			const [name, more, button, ...request] = tell(one);
			const item = h("li", h("span.grow", h("bdi", name), h("small", { dir: "auto" }, more)));
			const end = async () => (await this.send(...request)) && item.remove();
			if (button) item.append(h("button.plain", { onclick: end }, button));
			return item;
		});
		dialog(title, { text: items.length ? "" : none, body: h("ul.choices", items) });
	}

	async bans({ name: room, title }) {
		const answer = await this.send("bans", { room });
		const tell = (ban) => [ban.target, banned(ban), "Let in again", "unban", { target: ban.target, room }];
		if (answer) this.pairs(`Banned from ${title}`, answer.bans, tell, "Nobody is.");
	}

	async devices() {
		const answer = await this.send("devices");
		const tell = ({ device, way, address, idle, since, this: isThis }) => {
			const more = `${way}, silent for ${ago(idle)}, since ${at(since)}`;
			return [isThis ? "Here" : address ?? "The server", more, !isThis && "Log out", "logout", { device }];
		};
		if (answer) this.pairs("Where you are connected", answer.devices, tell);
	}

	ignored() {
		const tell = (name) => [name, "", "Show again", "ignore", { name, on: false }];
		this.pairs("Ignored people", [...this.store.ignored], tell, "You ignore nobody.");
	}

	me(anchor) {
		const { store } = this;
		const { registered, features, name, role, away, words } = store;
		const callers = { words: ["Words that call you, as your name does", words.join(", ")] };
		const read = (values) => ({ words: values.words.split(/[\s,]+/).filter(Boolean) });
		menu(anchor, "You", [
			away === null
				? this.asks(["Away…", "Away", "Set"], { text: ["What others see", "away"] }, "away")
				: ["I am back", () => this.send("away")],
			registered
				? ["Another name…", () => this.secret("rename")]
				: this.asks(["Another name…", "Another name", "Take it"], { name: ["Name", name] }, "nick"),
			"-",
			...(registered ? [
				["Where you are connected…", () => this.devices()],
				this.asks(["Words that call you…", "Words that call you", "Set"], callers, "notify", {}, { read }),
				["Another password…", () => this.secret("password")],
				["Give up the account…", () => this.secret("unregister"), "worse"],
			] : [["Make this name yours…", () => this.secret("register")]]),
			features.has("invitations") && ["Invite to the chat", () => this.invitation()],
			["Ignored people…", () => this.ignored()],
			"-",
			["Sound and notifications…", () => this.alerts()],
			["Commands", () => store.run("/help")],
			["Keys", () => dialog("Keys", { body: facts(Object.entries(KEYS)) })],
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
		const code = store.features.has("register") ? {} : { code: CODE };
		const [title, text, list, button] = {
			register: [
				`Make ${store.name} yours`, "The name, and every name that looks like it, then needs this password.",
				{ password: CHOSEN, ...code }, "Make it mine",
			],
			password: ["Another password", "Your other devices are logged out.", { password: CHOSEN }, "Change it"],
			rename: [
				"Another name", "The name before is kept for you for 30 days.",
				{ name: ["Name", store.name], password: CURRENT }, "Take it",
			],
			unregister: [
				"Give up the account?", "Your rights, and your side of private conversations, are gone then.",
				{ password: CURRENT }, "Give it up",
			],
		}[name];
		if (store.passwords === "no") return dialog(title, { text: here });
		const act = (values) =>
			name === "rename" ? store.ask(name, values) : store.account(name, values.password, values.code);
		return dialog(title, { text: `${text} ${here}`, list, button, danger: name === "unregister", act });
	}

	alerts() {
		const text = `Your name, answers to you, @room and private messages call you. ${missing()}`;
		const list = { sound: ["Play a sound", "", { checked: settings.sound }] };
		if (!missing()) list.notify = ["Show a notification", "", { checked: settings.notify }];
		dialog("Sound and notifications", { text, list, button: "Set", act: change });
	}

	join() {
		const go = (room) => this.store.attempt(() => this.store.join(room));
		const act = ({ room }) => void (room.trim() && go(room));
		const body = h("ul.choices");
		const item = ({ room, users, topic }) => {
			const onclick = () => {
				body.closest("dialog").close();
				go(room);
			};
			const about = `${counted(users, "person", "people")}${topic && ` · ${topic}`}`;
			return h("li", h("button.grow", { onclick }, h("bdi", `#${room}`), h("small", { dir: "auto" }, about)));
		};
		this.store.ask("rooms", { count: 100 }).then(({ rooms }) => body.append(...rooms.map(item)), () => {});
		return dialog("Rooms", { list: { room: ["Name of a room, also of a new one"] }, body, button: "Join", act });
	}

	talk() {
		const act = ({ name }) => void (name.trim() && this.store.open(name.trim()));
		return dialog("Talk in private", { list: { name: ["With whom"] }, button: "Open", act });
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

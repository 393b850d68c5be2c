// Does what a typed line says: sends the request of a command, as the other clients do, or what the page has for it.

import { byTopic, called, COMMANDS, usage } from "./command_table.js";
import { Refused } from "./link.js";
import { same } from "./sentences.js";
import { past } from "./when.js";

const IN_CONVERSATIONS = ["history", "me", "react", "reply", "upload"];
const FAREWELLS = ["leave", "quit"]; // behind these people may type more words, which nobody is shown
const ONE_WORD = { room: "The name of a room", user: "A name" };

// Returns the command that a line begins with, and what follows its name.
function split(line) {
	const [, word, rest] = /^\/(\S*)\s*([^]*)$/.exec(line);
	const command = called(word);
	if (command) return { command, rest };
	const near = [...COMMANDS.keys()].find((one) => one.startsWith(word.slice(0, 3).toLowerCase()));
	const help = near ? `Did you mean /${near}?` : "/help lists them all.";
	throw new Refused(`There is no command /${word.slice(0, 40)}. ${help}`);
}

// Reads what was typed behind the name of a command as the fields of a request.
function parse(command, rest, here) {
	const fields = {};
	const wrong = `Usage: ${usage(command)}`;
	for (const { field, kind, optional, about, typed } of command.parameters) {
		if (about) fields[field] = here;
		if (!typed) continue;
		const word = kind === "text" ? rest : rest.split(" ", 1)[0];
		if (kind === "number" && optional && /^(on|off)$/i.test(word)) continue;
		rest = rest.slice(word.length).trimStart();
		if (word) fields[field] = value(kind, word, wrong);
		else if (!optional) throw new Refused(wrong);
	}
	if (rest && !FAREWELLS.includes(command.name)) {
		const what = ONE_WORD[command.parameters.findLast((one) => one.typed)?.kind];
		throw new Refused(what ? `${what} has no blanks. ${wrong}` : wrong);
	}
	return fields;
}

// Returns the open room of that number, or the room or conversation of that name. Throws Refused.
function open(store, name, advice) {
	const room = store.rooms[name - 1] ?? store.find(name) ?? store.find(name.replace("@", ""), true);
	if (!room) throw new Refused(`You are not in ${name.slice(0, 40)}. ${advice}`);
	return room;
}

function value(kind, word, usage) {
	const number = /^#?(\d{1,9})$/.exec(word)?.[1];
	const refuse = (what) => {
		throw new Refused(`${word.slice(0, 40)} is ${what}. ${usage}`);
	};
	if (kind === "switch" && !/^(on|off)$/i.test(word)) refuse("neither on nor off");
	if (kind === "number" && !number) refuse("not a number");
	if (kind === "switch") return word.toLowerCase() === "on";
	if (kind === "number") return Number(number);
	return kind === "room" ? word.replace(/^#/, "") : kind === "user" ? word.replace(/^@/, "") : word;
}

// Returns the id of a message that may stand before a text, as in #217 yes, and the text. Throws Refused.
function splitId(text) {
	const [, id, rest] = /^#(\d{1,18})(?:\s+([^]+))?$/.exec(text) ?? [];
	if (id && !rest) throw new Refused("Type your text behind the number.");
	return id ? [Number(id), rest] : [null, text];
}

// Returns the name of the command, if a line begins with one that takes a password.
export function secretOf(line) {
	const command = called(/^\s*\/(\S+)/.exec(line)?.[1] ?? "");
	return command?.parameters.some((one) => one.kind === "secret") ? command.name : null;
}

// Runs a line that begins with a slash. Throws Refused.
export function run(store, line) {
	const { command, rest } = split(line);
	const { name, parameters } = command;
	const room = store.current;
	const isElsewhere = name === "who" ? rest.trim() : name === "topic" && rest.startsWith("#");
	if (room.private && parameters.some((one) => one.about) && !IN_CONVERSATIONS.includes(name) && !isElsewhere) {
		throw new Refused(`/${name} works in rooms, and this is a private conversation.`);
	}
	const fields = parse(command, rest.trim(), room.name);
	(RUN[name] ?? request)(store, fields, room, name);
}

// Sends a request, and shows its answer where it was typed.
function request(store, fields, room, name) {
	store.link.ask(name, fields, (answer) => store.tellAnswer(answer, room));
}

// Sends which way to switch something: the other way than the user sees, unless they have said it.
function turn(store, fields, room, name) {
	const names = name === "op" ? room.ops : name === "ignore" ? store.ignored : [];
	const isOn = name === "lock" ? room.locked : [...names].some((one) => same(one, fields.name ?? ""));
	if (name === "moderator" && fields.on === undefined) throw new Refused("Say which way: on or off.");
	const isSwitch = name === "lock" || fields.name !== undefined;
	request(store, isSwitch ? { on: !isOn, ...fields } : fields, room, name);
}

const RUN = {
	op: turn,
	lock: turn,
	ignore: turn,
	moderator: turn,
	quit: (store) => store.leave(),
	reconnect: (store) => store.reconnect(),
	paste: (store) => store.tell("Paste the lines as you do elsewhere: they become one message."),
	upload: (store) => store.emit("dialog", "upload"),
	me: (store, { text }, room) => {
		if (room.private) store.say(text, room, undefined, true);
		else store.post("me", { room: room.name, text });
	},
	join: (store, { room }) => store.join(room),
	leave: (store, { room: name }, room) => {
		store.close(name ? open(store, name, `/leave alone leaves ${room.title}.`) : room);
	},
	search: (store, { text }) => store.panels.search(text),
	mentions: (store) => store.panels.listMentions(),
	pins: (store) => store.panels.listPins(),
	go: (store, { room: name }) => store.turnTo(open(store, name, `/join ${name.slice(0, 40)} goes there.`)),
	msg: (store, { name, text }) => {
		store.open(name);
		if (text) store.say(text);
	},
	topic: (store, { text = "" }, room) => {
		const [, name, rest] = /^#(\S+)\s*([^]*)$/.exec(text) ?? [];
		const isOther = name && (!rest || store.find(name)); // of the room that is named first
		const fields = { room: isOther ? name : room.name, text: (isOther ? rest : text) || undefined };
		store.link.ask("topic", fields, (answer) => {
			if (answer.type === "topic" && isOther) store.tellOf(answer, room);
			else store.tellAnswer(answer, room);
		});
	},
	nick: (store, fields, room) => (store.link.online ? request(store, fields, room, "nick") : store.enter(fields.name)),
	history: (store, { when = "" }, room) => {
		store.panels.showPast(room, { count: 50, ...past(when, store.clock.date()) });
	},
	logout: (store, { which }, room) => {
		if (!/^(all|\d{1,9})$/i.test(which)) throw new Refused("Say which: /logout 2, or /logout all. /devices lists them.");
		request(store, /^\d/.test(which) ? { device: Number(which) } : {}, room, "logout");
	},
	kick: (store, { name, text = "" }, room) => {
		const isBan = /^\d+[smhdw]\b/i.test(text); // with a time, they may not come back before that
		request(store, { room: room.name, [isBan ? "target" : "name"]: name, text }, room, isBan ? "ban" : "kick");
	},
	room: (store, fields, room) => {
		const isArchive = /^archived?$/i.test(fields.access ?? "");
		request(store, isArchive ? { ...fields, on: room.status !== "archived" } : fields, room, "room");
	},
	edit: (store, { text }, room) => {
		const [id, better] = splitId(text);
		store.post("edit", { id: id ?? store.input.lastSaid(room).id, text: better });
	},
	delete: (store, { id }, room) => store.post("delete", { id: id ?? store.input.lastSaid(room).id }),
	reply: (store, { text }, room) => {
		const [id, answer] = splitId(text);
		if (id) return store.say(answer, room, id);
		const line = room.newest((one) => !one.mine && (one.mention || one.private));
		if (!line) throw new Refused("There is nothing here that names you. To answer, begin with a name: bob: yes");
		return store.say(text, room, line.id);
	},
	react: (store, { text, id, on }, room) => {
		const line = room.newest((one) => (id ? one.id === id : !one.mine));
		if (!line && !id) throw new Refused("Nobody else has said anything here.");
		// The server knows of what is not here which way to switch.
		const isMine = line?.reactions.some((one) => one.mine && one.text === text);
		store.post("react", { id: id ?? line.id, text, on: on ?? (line ? !isMine : undefined) });
	},
	pin: (store, { id, on }, room) => {
		const line = room.newest((one) => !id || one.id === id);
		if (!line && !id) throw new Refused("Nothing has been said here.");
		store.post("pin", { room: room.name, id: id ?? line.id, on: on ?? (line ? !line.pinned : undefined) });
	},
	notify: (store, { word }, room) => {
		const others = store.words.filter((one) => !same(one, word ?? ""));
		const words = word && (others.length < store.words.length ? others : [...others, word]);
		request(store, { words }, room, "notify");
	},
	help: (store, { command: word }, room) => {
		if (!word) {
			const topics = byTopic().map(([topic, commands]) => [topic, commands.map((one) => `/${one.name}`).join(", ")]);
			return store.emit("list", "Commands", topics, "/help msg explains /msg, and /help all explains them all.");
		}
		const line = (one) => [usage(one), one.summary];
		const command = word === "all" ? null : split(`/${word.replace(/^\//, "")}`).command;
		if (command?.summary) return store.tell(line(command).join(" - "));
		return store.link.ask("help", command ? { command: command.name } : {}, (answer) => {
			if (command || answer.type !== "help") return store.tellAnswer(answer, room);
			const own = [...COMMANDS.values()].filter((one) => one.summary);
			const served = answer.commands.map((one) => [one.usage, one.summary]);
			return store.emit("list", "Commands", [...served, ...own.map(line)]);
		});
	},
};

// Says in words what happened, as the other clients do (chat/core/events.py).

import { ago, counted, local, moment } from "./times.js";

export const list = (words) =>
	(words.length < 2 ? words.join() : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`);
const some = (words) => list(words.length <= 11 ? words : [...words.slice(0, 10), `${words.length - 10} others`]);
const because = (text) => (text ? `: ${text}` : ".");
export const at = (time) => moment(local(time));
const idle = (seconds) => (seconds < 60 ? "active now" : `idle for ${ago(seconds)}`);
const facts = (...all) => all.filter((one) => one || one === 0).join(", ");
export const byName = (a, b) => a.localeCompare(b);
export const same = (a, b) => a.toLowerCase() === b.toLowerCase();

// How long a ban holds, whose it is, and why.
export function banned({ until, by, why }) {
	return `${until ? `until ${at(until)}` : "for ever"}, by ${by}${why && `: ${why}`}`;
}

// Tells the user that they were put out of a room, unless the reason tells that already.
export function putOut(title, by, text) {
	return text === `${title} was closed by ${by}.` ? text : `You were put out of ${title} by ${by}${because(text)}`;
}

// Each rule, as it is told when it is switched on, and when it is switched off.
const RULES = {
	op: ["made NAME an op.", "took back that NAME is an op."],
	mute: ["muted NAME TEXT", "lets NAME speak again."],
	invite: ["invited NAME.", "took back the invitation of NAME."],
	private: ["made the room private: only who is invited comes in.", "opened the room to everybody."],
	lock: ["locked the topic: only ops set it.", "unlocked the topic."],
	members: ["made the room members-only: only users with an account come in.", "opened the room to everybody."],
	slow: [
		"slowed the room down: all but its ops may speak once every TEXT.",
		"let everybody speak as often as they like again.",
	],
	founder: ["made NAME the founder of the room."],
	ban: ["banned NAME TEXT", "lifted the ban of NAME."],
	archived: ["archived the room: it can be read, but nobody can speak in it.", "took the room out of the archive."],
	closed: ["", "opened the room again."],
};

const WORDS = {
	joined: ({ name }) => [`${name} joined.`],
	left: ({ name, by, text }) => [by === null ? `${name} left.` : `${name} was kicked out by ${by}${because(text)}`],
	rule: ({ rule, on, by, name, text }) => {
		const words = { NAME: name ?? "", TEXT: text ?? "" };
		const sentence = RULES[rule][on ? 0 : 1];
		return sentence ? [`${by} ${sentence.replace(/NAME|TEXT/g, (word) => words[word])}`] : [];
	},
	deleted: ({ by }) => [`${by} deleted this.`],
	pinned: ({ by, on, author, text }) => [
		`${by} ${on ? "pinned" : "unpinned"} what ${author} said: "${text.replaceAll('"', "'")}"`,
	],
	renamed: ({ room, name, new: now }) => [`${room === null ? "You are" : `${name} is`} now known as ${now}.`],
	away: ({ room, name, text }) => [
		`${room === null ? "You are" : `${name} is`} ${text === null ? "back." : `away${because(text)}`}`,
	],
	topic: ({ room, name, topic }) => {
		if (name === null) return [topic ? `The topic of #${room} is: ${topic}` : `#${room} has no topic.`];
		return [topic ? `${name} set the topic of #${room} to: ${topic}` : `${name} cleared the topic of #${room}.`];
	},
	who: ({ room, users, ops, away }) => {
		const names = [...users].sort(byName).map((name) => {
			const more = facts(ops.includes(name) && "op", away.has(name) && `away${away.get(name) && `: ${away.get(name)}`}`);
			return more ? `${name} (${more})` : name;
		});
		return [names.length ? `In #${room}: ${names.join(", ")}` : `Nobody is in #${room}.`];
	},
	rooms: ({ rooms }) => rooms.map(({ room, users, time, topic }) =>
		facts(`#${room}`, counted(users, "user"), time && `active ${at(time)}`) + (topic && `: ${topic}`)),
	conversations: ({ conversations }) => conversations.map(({ time, name, unread, gone }) =>
		`[${at(time)}] ${facts(name, unread && `${unread} unread`, gone && "gone")}`),
	bans: ({ bans }) => bans.map((ban) => `${ban.target}, ${banned(ban)}`),
	stats: ({ figures }) => [...figures].map(([name, value]) => `${name}: ${value}`),
	ignored: ({ names }) => [`You ignore ${names.length ? list(names) : "nobody"}.`],
	words: ({ words }) => [`You are alerted by ${list(["your name", ...words])}.`],
	devices: ({ devices }) => devices.map(({ device, way, address, since, idle: seconds, held, this: isThis }) => {
		const where = `${way} from ${address ?? "this machine"}`;
		const all = facts(where, `since ${at(since)}`, idle(seconds), held && "its connection is broken");
		return `${device}: ${all}${isThis ? " (this one)" : ""}`;
	}),
	whois: ({ name, account, rooms, away, idle: seconds, since }) => [
		`${name} has ${account === null ? "no account" : `the account ${account}`}, and is in ` +
			`${list(rooms.map((room) => `#${room}`)) || "no room that you can see"}.`,
		`Here since ${at(since)}, ${idle(seconds)}${away === null ? "" : `, away${away && `: ${away}`}`}.`,
	],
	help: ({ commands }) => commands.map(({ usage, summary }) => `${usage} - ${summary}`),
	notice: ({ text }) => [text],
	error: ({ text }) => [text],
};

// Returns the sentences that tell of an event; none if it needs none.
export const words = (event) => WORDS[event.type]?.(event) ?? [];

// What has become of somebody of whom the first is known, when the second happens.
const FATES = {
	"joined left": "came and went", "left joined": "left and came back", "came and went joined": "joined",
	"left and came back left": "left",
};

// Tells in one line who came and who went, each of them once, and what else happened.
export function folded(parts) {
	const fates = new Map();
	const others = [];
	for (const { name, what, text } of parts) {
		if (what === "other") others.push(text.replace(/\.$/, ""));
		else fates.set(name, FATES[`${fates.get(name)} ${what}`] ?? what);
	}
	const told = [...new Set(fates.values())].map((fate) => {
		const names = [...fates.keys()].filter((name) => fates.get(name) === fate);
		return `${some(names)} ${fate}`;
	});
	return `${[...others, ...told].join("; ")}.`;
}

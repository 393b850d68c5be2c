// What Tab offers: names of users, rooms and commands.

import { called, COMMANDS } from "./command_table.js";

// The reactions that are offered, and what each is called.
export const REACTIONS = {
	"👍": "yes", "❤️": "love", "😂": "funny", "🎉": "hooray", "👀": "looking",
	"✅": "done", "😮": "surprising", "😢": "sad", "👎": "no",
};

// Returns the texts that may replace the word before the cursor, and where that begins. People are offered in the order
// in which they are given; `partners` have conversations with the user.
export function complete(before, { people, partners, rooms }) {
	const start = Math.max(before.lastIndexOf(" "), before.lastIndexOf("\n")) + 1;
	const word = before.slice(start);
	const [sign] = /^[#@]?/.exec(word);
	const offer = (names, prefix = "", end = " ") => {
		const typed = word.slice(prefix.length).toLowerCase();
		const texts = [...names].filter((name) => name.toLowerCase().startsWith(typed)).map((name) => prefix + name + end);
		return { start, texts };
	};
	const isCommand = /^\/(?!\/)/.test(before);
	if (isCommand && start === 0) return offer(COMMANDS.keys(), "/");
	const kind = isCommand ? kindOf(before) : "text";
	if (sign === "#" || (kind === "room" && !sign)) return offer(rooms, sign);
	if (kind === "command") return offer(COMMANDS.keys());
	if (kind === "reaction") return offer(Object.keys(REACTIONS));
	if (kind === "switch") return offer(["on", "off"]);
	if (kind === "number" || !(word || isCommand)) return { start, texts: [] };
	return offer(isCommand ? new Set([...people, ...partners]) : people, sign, start === 0 && !sign ? ": " : " ");
}

// The kind of the argument of a command that is being typed; "number" if there are no more.
function kindOf(before) {
	const [name, ...words] = before.slice(1).split(" ");
	const kinds = (called(name)?.parameters ?? []).filter((one) => one.typed).map((one) => one.kind);
	return kinds[words.length - 1] ?? (kinds.at(-1) === "text" ? "text" : "number");
}

// Coming in: a name, and what else the chat wants to know.

import { $, h, setText } from "./dom.js";
import { fields, filled } from "./menus.js";
import { kept } from "./tab.js";

const UNSAFE = "This page came over plain http, where others can read along.";
export const CURRENT = ["Password", "", { autocomplete: "current-password" }];
export const CHOSEN = ["Choose a password", "", { autocomplete: "new-password", note: "8 to 256 characters" }];
export const CODE = ["Code of your invitation"];
// What the server says to those who type a name each time, and is shorter where the door has asked already.
const SAID = { "password-needed": "", "not-secure": "" };

// What is to be said of passwords before one is typed.
export const passwordsHere = (store) => ({
	no: `${UNSAFE} So no passwords are taken here: open it over https, or on the machine of the chat.`,
	unknown: `${UNSAFE} The chat may refuse passwords here.`,
})[store.passwords] ?? "";

export class Door {
	way = "name"; // or "account" or "new", which the user chose
	turnedFrom = null; // the state of the connection that the user does not care about any more
	drawn = "";

	constructor(store) {
		this.store = store;
		this.form = $("door").firstElementChild;
		[this.title, this.say, this.fields, this.why, this.go, this.other] = [...this.form.children].slice(1);
		this.go.type = "submit";
		this.form.onsubmit = (event) => {
			event.preventDefault();
			this.enter(filled(this.form));
		};
	}

	draw() {
		const { is, why = "", secret, name, code, seconds } = this.store.state;
		const isBusy = ["connecting", "greeting", "waiting", "leaving"].includes(is);
		const isOver = this.store.state === this.turnedFrom;
		const kind = is === "elsewhere" ? is : is === "asking" && !isOver ? secret : this.way;
		const shown = `${kind} ${name} ${code}`;
		// While it is tried, the fields stay as they are.
		if (shown !== this.drawn && !(isBusy && this.drawn)) {
			this.drawn = shown;
			this.fill(kind, name);
		}
		const said = isBusy || isOver ? "" : SAID[code] ?? why;
		setText(this.why, is === "waiting" ? `${why} The next attempt is in ${seconds} s.` : said);
		this.go.disabled = isBusy;
	}

	fill(kind, name) {
		const { store } = this;
		const here = passwordsHere(store);
		const known = store.name || kept.read("name") || "";
		const who = ["Your name", known, { autocomplete: "username", spellcheck: false }];
		const code = [...CODE, "", { note: "if the chat asks for one" }];
		const host = `Chat at ${location.host}`;
		const [title, say, list, button, ...ways] = {
			elsewhere: ["Open in another tab", "The chat goes on in another tab of this browser.", {}, "Use it here"],
			password: [
				`${name} belongs to somebody`, here || "If that is you, give your password.", { password: CURRENT },
				"Come in", "other",
			],
			"new-password": ["Choose a password", here, { password: CHOSEN }, "Come in", "other"],
			key: [
				"This chat needs a key", "Whoever invited you knows it.", { key: ["Key", "", { type: "password" }] },
				"Come in",
			],
			invitation: ["Only members come in", "", { code: CODE }, "Come in", "other"],
			name: [host, "Say who you are, and you are in.", { name: who }, "Come in", "account", "new"],
			account: ["Come in with your account", here, { name: who, password: CURRENT }, "Come in", "name", "new"],
			new: [
				"Make an account", `Your name, and every name that looks like it, is yours then. ${here}`,
				{ name: who, password: CHOSEN, code }, "Make it, and come in", "name", "account",
			],
		}[kind];
		const isClosed = "password" in list && store.passwords === "no";
		setText(this.title, title);
		setText(this.say, say);
		setText(this.go, button);
		this.go.hidden = isClosed;
		this.fields.replaceChildren(...(isClosed ? [] : fields(list)));
		const words = {
			other: "Take another name", name: "Only a name", account: "I have an account", new: "Make an account",
		};
		this.other.replaceChildren(...ways.map((way) => h("button.link", { onclick: () => this.turn(way) }, words[way])));
		const inputs = [...this.fields.querySelectorAll("input")];
		(inputs.find((input) => !input.value) ?? inputs[0] ?? this.go).focus();
	}

	turn(way) {
		this.turnedFrom = this.store.state;
		this.way = way === "other" ? "name" : way;
		this.draw();
	}

	refuse(sentence) {
		setText(this.why, sentence);
		this.fields.querySelector("input").focus();
	}

	enter({ name, ...secrets }) {
		const { store } = this;
		if (name !== undefined) {
			if (!name.trim()) return this.refuse("Type a name.");
			kept.write("name", name.trim());
			store.enter(name.trim(), { ...secrets, register: this.way === "new" });
		} else if (store.state.is === "asking") store.answer(Object.values(secrets)[0]);
		else store.reconnect();
	}
}

// What was found, pinned, or names one: a list beside the messages.

import { $, arrange, h, setText, tint } from "./dom.js";
import { counted, moment } from "./times.js";

const LISTS = {
	pins: { title: "Pinned messages", none: ({ room }) => `Nothing is pinned in #${room}.` },
	mentions: { title: "What names you", none: () => "Nobody has named you since you were last here." },
	search: { title: "Search", none: () => "Nothing was found." },
};

export class Finder {
	isOpen = false; // for something to be typed, as nothing is shown yet

	constructor(store) {
		this.store = store;
		const { panels } = store;
		$("sought").form.onsubmit = (event) => {
			event.preventDefault();
			if ($("sought").value.trim()) panels.search($("sought").value.trim());
		};
		$("found").onscroll = ({ target }) => {
			if (target.scrollHeight - target.scrollTop - target.clientHeight < 300 && store.panel?.more) panels.searchOlder();
		};
		$("finder").onkeydown = (event) => {
			const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
			if (!step) return;
			const all = [$("sought"), ...$("found").querySelectorAll("button")];
			all[all.indexOf(document.activeElement) + step]?.focus();
			event.preventDefault();
		};
	}

	open() {
		this.isOpen = true;
		this.draw();
		$("sought").select();
	}

	// Draws the list; if there is room for it (`isWide`), also beside the place of what was found.
	draw(isWide) {
		const { panel, panels } = this.store;
		const shown = panel?.is === "place" && isWide ? panels.before : panel?.is === "search" ? panel : null;
		if (panel) this.isOpen = false;
		if (shown !== this.shown && shown?.text) $("sought").value = shown.text;
		this.shown = shown;
		$("finder").hidden = !shown && !this.isOpen;
		const { type = "search", fields, found = [], why, waits, busy, more } = shown ?? {};
		const { title, none } = LISTS[type];
		$("sought").form.hidden = type !== "search";
		setText($("finder-title"), title);
		const some = `${counted(found.length, "message")}${more ? ", and there may be more" : ""}.`;
		const state = found.length ? some : none(fields);
		const waiting = waits ? "Searches as soon as there is a connection." : busy && "Searching…";
		setText($("found-say"), shown ? why || waiting || state : "");
		arrange($("found"), found.map((one) => this.item(one)));
	}

	// The element of what was found, which is made once.
	item(found) {
		const { row, title } = found;
		if (found.drawn === row) return found.element;
		found.drawn = row;
		const nick = tint(h("bdi.nick", row.author), row.author);
		found.element = h("li", h("button", { onclick: () => this.store.panels.showPlace(found) },
			h("span.by", nick, h("bdi.muted", title), h("time", moment(row.time))),
			h("div.text", { dir: "auto" }, row.text)));
		return found.element;
	}
}

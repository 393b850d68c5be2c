// Draws what is said. A row that has not changed is not drawn again, and what the reader looks at stays where it is.

import { arrange, avatar, h, icon, tint } from "./dom.js";
import { isMessage } from "./lines.js";
import { segments } from "./rich_text.js";
import { clock, moment } from "./times.js";

const AT_FIRST = 120;
const MORE = 200;
const TOGETHER = 5 * 60 * 1000;
const NEAR = 600; // so many pixels below the oldest row, older ones are fetched
const LINK = { target: "_blank", rel: "noopener noreferrer nofollow" };

// Whether a message stands below another of its author without saying again whose it is.
function follows(row, before) {
	if (!before || !isMessage(before) || row.reply) return false;
	return before.author === row.author && before.notice === row.notice && row.time - before.time < TOGETHER;
}

export class Log {
	drawn = new Map(); // what is on the page, by the keys of the rows
	room = null;
	hidden = 0; // how many older rows are known and not drawn
	atEnd = true;

	// `box` scrolls, `items` has the rows; `does` is what the page does for them.
	constructor(box, items, store, does) {
		Object.assign(this, { box, items, store, does });
		box.addEventListener("scroll", () => this.scrolled(), { passive: true });
		box.addEventListener("keydown", (event) => this.key(event));
		items.addEventListener("click", ({ target }) => {
			const button = target.closest("[data-do]");
			const row = button && this.rowOf(button);
			if (row) does[button.dataset.do](row, button);
		});
		const observer = new ResizeObserver(() => this.atEnd && !this.isPlace && this.toEnd());
		for (const part of [box, ...box.children]) observer.observe(part);
	}

	// Draws `rows` of `room`. In a place of the history, `sought` is the id of the message where that begins, or null; the
	// reader goes through it, and its end is not kept in view.
	draw(room, rows, sought) {
		const isOther = room !== this.room;
		this.isPlace = sought !== undefined;
		const sticks = isOther || (this.atEnd && !this.isPlace);
		if (isOther) {
			// Of a place, nothing is drawn before it is there.
			const shown = this.isPlace && !rows.length ? null : room;
			Object.assign(this, { room: shown, sought, drawn: new Map(), atEnd: true, oldest: null, newest: null });
			this.count = sought ? Infinity : AT_FIRST;
			this.items.replaceChildren();
		}
		let from = Math.max(0, rows.length - this.count);
		const oldest = sticks ? -1 : rows.findIndex((row) => row.key === this.oldest);
		if (oldest >= 0) from = Math.min(from, oldest);
		const anchor = sticks ? null : this.anchor();
		const focused = document.activeElement.closest(".row")?.dataset.key;
		const drawn = new Map();
		for (let at = from; at < rows.length; at++) {
			const row = rows[at];
			const key = String(row.key);
			const first = isMessage(row) && !follows(row, at > from ? rows[at - 1] : null);
			const old = this.drawn.get(key);
			const isSame = old?.row === row && old.first === first;
			drawn.set(key, isSame ? old : { row, first, element: this.element(row, first, sought) });
		}
		if (!isOther && !this.isPlace) this.speak(rows);
		Object.assign(this, { drawn, hidden: from, oldest: rows[from]?.key, newest: rows.at(-1)?.key });
		arrange(this.items, [...drawn.values()].map((one) => one.element));
		const isLost = focused && !document.activeElement.closest(".row");
		if (isLost) drawn.get(focused)?.element.focus({ preventScroll: true });
		const found = this.sought && this.elementOf(this.sought);
		if (found) {
			Object.assign(this, { sought: null, atEnd: false });
			found.scrollIntoView({ block: "center" });
		} else if (sticks) this.toEnd();
		else if (anchor) {
			const { top } = drawn.get(anchor.key)?.element.getBoundingClientRect() ?? anchor;
			this.box.scrollTop += top - anchor.top;
		}
	}

	rowOf(element) {
		return this.drawn.get(element.closest(".row")?.dataset.key)?.row;
	}

	elementOf(id) {
		return [...this.drawn.values()].find(({ row }) => isMessage(row) && row.id === id)?.element;
	}

	toEnd() {
		this.box.scrollTop = this.box.scrollHeight;
		this.atEnd = true;
	}

	// The first row in view, which is to stay there.
	anchor() {
		const { top } = this.box.getBoundingClientRect();
		for (const [key, { element }] of this.drawn) {
			const at = element.getBoundingClientRect();
			if (at.bottom > top) return { key, top: at.top };
		}
		return null;
	}

	scrolled() {
		// The chat was left, or a place is there, and the page is still to show that.
		if (!this.store.current || !this.room) return;
		const { scrollTop, scrollHeight, clientHeight } = this.box;
		this.atEnd = scrollHeight - scrollTop - clientHeight < 32;
		if (this.atEnd && this.count < Infinity) this.count = AT_FIRST;
		if (scrollTop < NEAR && scrollHeight > clientHeight) {
			if (this.hidden) {
				this.count = this.drawn.size + MORE;
				this.does.redraw();
			} else this.does.older();
		}
		this.does.scrolled(this.atEnd);
	}

	// Has a screen reader say what is new, and nothing else.
	speak(rows) {
		const last = rows.findLastIndex((row) => row.key === this.newest);
		if (last < 0 || document.hidden) return;
		for (const row of rows.slice(last + 1).slice(-3)) {
			if (row.kind === "refusal") this.does.say(row.text);
			else if (isMessage(row) && !row.mine) this.does.say(`${row.author}: ${row.text}`);
		}
	}

	element(row, first, sought) {
		const element = this.make(row, first, sought);
		element.classList.add("row");
		element.dataset.key = row.key;
		return element;
	}

	make(row, first, sought) {
		if (isMessage(row)) return this.message(row, first, sought);
		if (row.kind === "day" || row.kind === "unread") {
			const text = row.text ?? "New";
			return h(`div.mark.${row.kind}`, { role: "separator", ariaLabel: text }, text);
		}
		if (row.kind === "fold") {
			const parts = row.parts.map((part) => h("div", { dir: "auto" }, `${clock(part.time)} ${part.text}`));
			return h("details.note", h("summary", { dir: "auto" }, row.text), parts);
		}
		return h(`div.note.${row.kind}`, { dir: "auto", tabIndex: -1 }, row.text);
	}

	message(row, first, sought) {
		// A file is said as an action, for those who can't show it.
		const isAction = row.kind === "action" && !row.file;
		const { author, mention, mine, notice, pinned, reply, unsent } = row;
		const flags = { first, action: isAction, called: mention && !mine, program: notice, unsent };
		flags.sought = sought && row.id === sought;
		const classes = ["article.message", ...Object.keys(flags).filter((flag) => flags[flag])];
		const button = (act, what, ...parts) => h(`button${what}`, { tabIndex: -1, "data-do": act }, parts);
		const nick = () => tint(button("person", ".nick", { ariaHasPopup: "menu" }, h("bdi", author)), author);
		const tag = (text) => text && h("span.tag", text);
		const tags = [first && notice && "program", pinned && "pinned", unsent && "waits to be stored"].map(tag);
		const tool = (act, name, label) =>
			h("button.icon", { "data-do": act, ariaLabel: label, title: label, ariaHasPopup: "menu" }, icon(name));
		const time = clock(row.time);
		const exact = { dateTime: row.time.toISOString(), title: moment(row.time) };
		const answered = reply && h("span.cut", h("bdi", `${reply.author}: ${reply.text}`));
		const reaction = ({ text, count, mine: isMine }) => {
			const facts = { "data-text": text, ariaPressed: String(isMine), ariaLabel: `${text}, ${count}` };
			return button("again", "", facts, h("bdi", text), ` ${count}`);
		};
		return h(classes.join("."), { tabIndex: -1 },
			first ? avatar(author) : h("span.at", { ariaHidden: "true" }, time),
			h("div.body",
				reply && button("answered", ".answers", h("span.unseen", "Answers "), answered),
				first
					? h("div.by", !isAction && nick(), h("time", exact, time), tags)
					: [h("span.unseen", `${isAction ? "" : author} ${notice ? "program " : ""}${time} `), tags],
				(!row.file || row.edited) &&
					h("div.text", { dir: "auto" }, isAction && [nick(), " "],
						pieces(row.text, mention ? this.store.names : []), tag(row.edited && " (edited)")),
				row.file && file(row.file),
				row.reactions.length > 0 && h("div.reactions", row.reactions.map(reaction))),
			!unsent && h("div.tools",
				this.store.input.may("react", row) && tool("react", "smile", "React"),
				tool("reply", "reply", "Reply"),
				tool("menu", "more", "More about this message")));
	}

	key(event) {
		const { key, shiftKey, target } = event;
		const isForMenu = ["Enter", "ContextMenu"].includes(key) || (key === "F10" && shiftKey);
		if (key === "ArrowUp" || key === "ArrowDown") this.choose(key === "ArrowUp" ? -1 : 1);
		else if (isForMenu && target.matches(".message:not(.unsent)")) this.does.menu(this.rowOf(target), target);
		else return;
		event.preventDefault();
	}

	// Chooses the message before or after the chosen one; first, the newest in view.
	choose(step) {
		const rows = [...this.items.querySelectorAll(".message")];
		const at = rows.indexOf(document.activeElement.closest(".message"));
		const { bottom } = this.box.getBoundingClientRect();
		const chosen = at < 0 ? rows.findLast((one) => one.getBoundingClientRect().top < bottom) : rows[at + step];
		chosen?.focus({ preventScroll: true });
		chosen?.scrollIntoView({ block: "nearest" });
	}
}

// Makes what is shown of a text, with its links and what names the user.
export function pieces(text, names = []) {
	return text.split(/(?<=\n)/).map((line) => {
		const parts = segments(line, names).map((piece) => {
			if (piece.kind === "link") return h("a", { href: piece.href, ...LINK }, piece.text);
			return piece.kind === "mention" ? h("mark", piece.text) : piece.text;
		});
		return line.startsWith(">") ? h("span.quoted", parts) : parts;
	});
}

export function size(bytes) {
	if (bytes < 1e3) return `${bytes} bytes`;
	return bytes < 1e6 ? `${Math.round(bytes / 1e3)} KB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

function file({ name, type, url, width, height, size: bytes }) {
	if (!url) return h("bdi.file", name);
	// The server tells where a file is as others see it. Here it is below the page's own address.
	const href = url.slice(url.lastIndexOf("/f/") + 1);
	const link = { href, download: name, ...LINK };
	if (width && /^image\/(png|jpeg|gif|webp)$/.test(type)) {
		return h("a.picture", link, h("img", { alt: name, width, height, loading: "lazy", src: href }));
	}
	return h("a.file", link, h("bdi", name), h("span.muted", size(bytes)));
}

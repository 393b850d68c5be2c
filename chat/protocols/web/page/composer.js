// What is typed: the input field, completion, what is answered or changed, pastes and files.

import { $, arrange, h, setText } from "./dom.js";
import { countLines } from "./input.js";
import { dialog } from "./menus.js";

export class Composer {
	offer = null; // what completes the word before the cursor: {start, end, texts}
	chosen = -1;
	isReleased = false; // whether Tab leaves the field, as Escape was pressed

	constructor(store, typed) {
		const [input, offers, doing, sending, hint] = ["input", "offers", "doing", "sending", "hint"].map($);
		Object.assign(this, { store, typed, input, offers, doing, sending, hint });
		input.oninput = (event) => this.changed(event.isComposing);
		input.onkeydown = (event) => this.key(event);
		input.onblur = () => this.close();
		input.onpaste = (event) => this.paste(event);
		$("composer").onsubmit = (event) => {
			event.preventDefault();
			this.enter();
		};
		$("attach").onclick = () => {
			const chooser = h("input", { type: "file", multiple: true });
			chooser.onchange = () => store.sending.add(chooser.files);
			chooser.click();
		};
		doing.lastElementChild.onclick = () => {
			store.input.cancel();
			input.focus();
		};
		sending.lastElementChild.onclick = () => {
			store.sending.stop();
			input.focus();
		};
		// The field keeps the focus, and on a phone the keyboard stays.
		$("composer").onpointerdown = (event) => {
			if (event.target.closest(".send, li")) event.preventDefault();
			const at = [...offers.children].indexOf(event.target);
			if (at >= 0) this.take(at, true);
		};
	}

	// Shows what is half typed in the current room.
	draw() {
		const { input, doing } = this;
		const { input: { text, reply, editing }, title } = this.store.current;
		if (input.value !== text) {
			input.value = text;
			this.close();
		}
		const answers = reply ? `You answer ${reply.author}: ${reply.text}` : "";
		setText(doing.firstElementChild, editing ? "You change what you said." : answers);
		doing.hidden = !editing && !reply;
		$("attach").hidden = !this.store.features.has("files");
		input.placeholder = input.ariaLabel = `Message ${title}`;
		this.grow();
	}

	// Makes the field as high as its text, for browsers that do not do it.
	grow() {
		if (CSS.supports("field-sizing", "content")) return;
		this.input.style.height = "auto";
		this.input.style.height = `${this.input.scrollHeight}px`;
	}

	insert(text) {
		this.input.focus();
		this.input.setRangeText(text, this.input.selectionStart, this.input.selectionEnd, "end");
		this.changed(true);
	}

	enter() {
		this.close();
		this.store.input.type(this.input.value);
		this.store.input.enter();
		this.draw();
		this.typed();
	}

	changed(isQuiet) {
		const { input } = this;
		this.isReleased = false;
		setText(this.hint, "");
		this.store.sending.askToStop(false);
		this.store.input.type(input.value);
		this.grow();
		// Commands, rooms and names with an @ are offered as they are typed, all else by Tab.
		if (!isQuiet && /^\/[a-z]*$|(^|\s)[@#]\S+$/i.test(input.value.slice(0, input.selectionStart))) this.show();
		else if (!isQuiet) this.close();
	}

	show() {
		const { input } = this;
		const { start, texts } = this.store.input.complete(input.value, input.selectionStart);
		this.close();
		if (!texts.length) return;
		this.offer = { start, end: input.selectionStart, texts: texts.slice(0, 50) };
		const option = { role: "option", ariaSelected: "false", dir: "auto" };
		arrange(this.offers, this.offer.texts.map((text, at) => h("li", { id: `offer-${at}`, ...option }, text.trim())));
		this.offers.hidden = false;
	}

	close() {
		this.offer = null;
		this.chosen = -1;
		this.offers.hidden = true;
		this.input.removeAttribute("aria-activedescendant");
	}

	choose(at) {
		const items = [...this.offers.children];
		this.chosen = (at + items.length) % items.length;
		items.forEach((item, place) => { item.ariaSelected = String(place === this.chosen); });
		items[this.chosen].scrollIntoView({ block: "nearest" });
		this.input.setAttribute("aria-activedescendant", `offer-${this.chosen}`);
	}

	take(at, closes) {
		const { offer } = this;
		this.input.setRangeText(offer.texts[at], offer.start, offer.end, "end");
		offer.end = offer.start + offer.texts[at].length;
		this.changed(true);
		if (closes) this.close();
		else this.choose(at);
	}

	// Does what a key is for here; returns false if it is for nothing.
	pressed({ key, shiftKey, altKey, ctrlKey, metaKey }) {
		const { input, store: { current, input: typing } } = this;
		const isPlain = !ctrlKey && !metaKey && !altKey;
		const isArrow = key === "ArrowUp" || key === "ArrowDown";
		if (key === "Tab" && isPlain && !this.isReleased) {
			if (!this.offer && /^\/|\S$/.test(input.value.slice(0, input.selectionStart))) this.show();
			if (!this.offer) return false;
			const count = this.offer.texts.length;
			this.take((Math.max(this.chosen + (shiftKey ? -1 : 1), -1) + count) % count, count === 1);
		} else if (this.offer && isPlain && isArrow) {
			this.choose(key === "ArrowUp" ? Math.max(this.chosen, 0) - 1 : this.chosen + 1);
		} else if (key === "Escape" && (this.offer || current.input.reply || current.input.editing)) {
			this.isReleased = true;
			if (this.offer) this.close();
			else typing.cancel();
		} else if (key === "Enter" && !shiftKey) {
			const { start, end, texts } = this.offer ?? {};
			if (!isPlain) this.insert("\n");
			else if (this.chosen < 0 || input.value.slice(start, end) === texts[this.chosen]) this.enter();
			else this.take(this.chosen, true);
		} else if (key === "ArrowUp" && isPlain && !input.value) typing.editLast();
		else if (isArrow && ctrlKey) {
			if (key === "ArrowUp") typing.older();
			else typing.newer();
		} else return false;
		return true;
	}

	key(event) {
		// While letters are composed, as in Japanese, every key is the input method's.
		if (event.isComposing || event.keyCode === 229 || !this.pressed(event)) return;
		event.preventDefault();
		event.stopPropagation();
	}

	paste(event) {
		const { files } = event.clipboardData;
		const text = event.clipboardData.getData("text/plain");
		if (text ? this.store.input.paste(text) === "text" : !files.length) return;
		event.preventDefault();
		if (text) this.offerFile(text);
		else this.store.sending.take(event.clipboardData);
	}

	// Says why a text can't be pasted, or offers to send it as a file.
	offerFile(text) {
		const { features, input } = this.store;
		const why = `What you paste has ${countLines(text)} lines, and a message takes ${input.mostLines}.`;
		if (!features.has("files")) return setText(this.hint, `${why} Paste less of it.`);
		const act = () => this.store.sending.add([new File([text], "paste.txt", { type: "text/plain" })]);
		return dialog("Send it as a file?", { text: why, button: "Send as paste.txt", act });
	}

	// Shows which file is being sent, and how far it is.
	drawSending() {
		const [said, bar, seen] = this.sending.children;
		const { files: [first, ...others], isAsked } = this.store.sending;
		this.sending.hidden = !first;
		const more = others.length ? `, then ${others.length} more` : "";
		const what = first ? `Sending ${first.file.name} to ${first.room.title}${more}` : "";
		setText(said, isAsked ? "Press Escape again to stop sending." : what);
		bar.value = first?.part ?? 0;
		setText(seen, `${Math.floor(bar.value * 100)} %`);
	}
}

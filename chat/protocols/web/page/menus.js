// Menus and dialogs.

import { h } from "./dom.js";

// Opens a menu at `anchor`. An entry is [text, act, "worse"?], a line ("-"), or a group of menu items.
export function menu(anchor, label, entries, about = label) {
	const list = h("div", { role: "menu", ariaLabel: label });
	const box = h("div.menu", { popover: "auto" }, h("p", { dir: "auto" }, about), list);
	for (const entry of entries) {
		if (entry === "-") list.append(h("hr"));
		else if (entry instanceof Element) list.append(entry);
		else if (entry) {
			const [text, act, style] = entry;
			list.append(h("button", { role: "menuitem", className: style ?? "", dir: "auto", onclick: () => act() }, text));
		}
	}
	const items = [...list.querySelectorAll("button")];
	const before = document.activeElement;
	// It is closed before the item acts, which may open a dialog.
	box.addEventListener("click", () => box.hidePopover(), true);
	box.addEventListener("keydown", (event) => {
		const at = items.indexOf(document.activeElement);
		const [next, last] = [at + 1, at - 1];
		const to = { ArrowDown: next, ArrowRight: next, ArrowUp: last, ArrowLeft: last, Home: 0, End: -1 }[event.key];
		if (to !== undefined) items.at(to % items.length).focus();
		else if (event.key === "Tab") box.hidePopover();
		else return;
		event.preventDefault();
	});
	box.addEventListener("toggle", (event) => {
		if (event.newState === "open") return;
		box.remove();
		if (anchor.isConnected) anchor.ariaExpanded = "false";
	});
	(anchor.closest("main, nav, aside") ?? document.body).append(box);
	box.showPopover();
	anchor.ariaExpanded = "true";
	const at = anchor.getBoundingClientRect();
	const left = at.left * 2 > innerWidth ? at.right - box.offsetWidth : at.left;
	const top = at.bottom + box.offsetHeight + 8 > innerHeight ? at.top - box.offsetHeight - 4 : at.bottom + 4;
	box.style.left = `${Math.max(8, Math.min(left, innerWidth - box.offsetWidth - 8))}px`;
	box.style.top = `${Math.max(8, Math.min(top, innerHeight - box.offsetHeight - 8))}px`;
	items[0]?.focus({ preventScroll: true });
	box.addEventListener("beforetoggle", () => {
		if (box.contains(document.activeElement)) before.focus({ preventScroll: true });
	});
}

// Makes the fields of a form, of {name: [label, value, more]}. Fields called password, and those with `checked`, are
// such.
export function fields(list) {
	return Object.entries(list).map(([name, [label, value = "", { note, choices, ...more } = {}]]) => {
		const type = name === "password" ? "password" : "checked" in more ? "checkbox" : "text";
		const dir = type === "text" ? "auto" : null;
		const common = { name, autocomplete: "off", autocapitalize: "none", dir, ...more };
		const option = ([key, text]) => h("option", { value: key, selected: key === value }, text);
		const control = choices
			? h("select", common, Object.entries(choices).map(option))
			: h("input", { type, value, ...common });
		return h("label", type === "checkbox" ? [control, label] : [label, control], note && h("small", note));
	});
}

// What was typed and chosen in a form, by the names of its fields.
export function filled(form) {
	const named = [...form.elements].filter((one) => one.name);
	return Object.fromEntries(named.map((one) => [one.name, one.type === "checkbox" ? one.checked : one.value]));
}

// Opens a dialog. With `act`, it is a form: what `act` is refused is said, and the dialog stays. Ends when it is
// closed.
export function dialog(title, { text, body, list = {}, button = "OK", danger, act }) {
	const heading = h("h2", { id: "dialog-title", dir: "auto" }, title);
	const why = h("p.why", { role: "alert" });
	const [style, word] = act ? ["plain", "Cancel"] : ["primary", "Close"];
	const close = h(`button.${style}`, { onclick: () => box.close() }, word);
	const go = act && h(`button.primary${danger ? ".danger" : ""}`, { type: "submit" }, button);
	const about = text && h("p.aside", { dir: "auto" }, text);
	const form = h("form", heading, about, h("div.fields", fields(list)), body, why, h("div.buttons", close, go));
	const box = h("dialog", { "aria-labelledby": "dialog-title", closedBy: "any" }, form);
	form.onsubmit = async (event) => {
		event.preventDefault();
		try {
			await act?.(filled(form));
			box.close();
		} catch (refusal) {
			why.textContent = refusal.message;
		}
	};
	document.body.append(box);
	box.showModal();
	(form.querySelector("input, select") ?? go ?? close).focus({ preventScroll: true });
	box.scrollTop = 0; // the browser has scrolled to what it gave the focus first
	return new Promise((settle) => {
		box.onclose = () => {
			box.remove();
			// The browser has given the focus back, but may have left the cursor in the dialog, where letters get lost.
			const { activeElement: before } = document;
			before.blur();
			before.focus({ preventScroll: true });
			settle();
		};
	});
}

export const closeDialogs = () => {
	for (const box of document.querySelectorAll("dialog, .menu")) box.remove();
};

// Elements of the page. Texts become text nodes, never markup.

export const $ = (id) => document.getElementById(id);

// Makes an element: h("button.icon", {title}, child, ...). What is no property of the element is an attribute.
export function h(what, ...parts) {
	const [tag, ...classes] = what.split(".");
	const element = document.createElement(tag);
	if (tag === "button") element.type = "button";
	element.classList.add(...classes);
	for (const part of parts.flat(3)) {
		if (part?.constructor !== Object) {
			if (part || part === 0) element.append(part);
			continue;
		}
		for (const [name, value] of Object.entries(part)) {
			if (value === undefined || value === null) continue;
			if (name in element) element[name] = value;
			else element.setAttribute(name, value);
		}
	}
	return element;
}

export function icon(name) {
	const [svg, use] = ["svg", "use"].map((tag) => document.createElementNS("http://www.w3.org/2000/svg", tag));
	use.setAttribute("href", `#i-${name}`);
	svg.append(use);
	return svg;
}

// Puts `elements` into `parent` in their order, and moves only those that are not in their place.
export function arrange(parent, elements) {
	const wanted = new Set(elements);
	for (const child of [...parent.children]) if (!wanted.has(child)) child.remove();
	elements.forEach((element, at) => {
		if (parent.children[at] !== element) parent.insertBefore(element, parent.children[at] ?? null);
	});
}

// Sets a text only if it is another, so that screen readers do not say it again.
export function setText(element, text) {
	if (element.textContent !== String(text)) element.textContent = text;
}

// Gives an element the colour of a name.
export function tint(element, name) {
	const sum = [...name.toLowerCase()].reduce((sum, letter) => (sum * 181 + letter.codePointAt(0)) % 997, 7);
	element.style.setProperty("--hue", (sum % 18) * 20);
	return element;
}

// A tile with the first letter of a name.
export function avatar(name) {
	const letter = name.match(/[\p{L}\p{N}]\p{M}*/u)?.[0] ?? "?";
	return tint(h("span.avatar", { ariaHidden: "true" }, letter.toUpperCase()), name);
}

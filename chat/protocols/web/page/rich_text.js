// Divides a text into pieces: plain text, links, and what names the user. No piece is ever taken for HTML.

import { mentions } from "./mentions.js";

const LINK = /\bhttps?:\/\/[^\s<>"\u0000-\u001f]+/giu;

// Reads a link, without the signs behind it that belong to the sentence; null if nobody should follow it.
function link(found) {
	let text = found;
	for (let end = ""; (end = /[.,;:!?'*_~\])}»”’]$/u.exec(text)?.[0]); text = text.slice(0, -end.length)) {
		const opening = { ")": "(", "]": "[", "}": "{" }[end];
		// A closing bracket belongs to the link if it was opened in it.
		if (opening && text.split(opening).length >= text.split(end).length) break;
	}
	try {
		const url = new URL(text);
		// The user part of an address is there to deceive: https://bank.example@evil.example
		const isFit = /^https?:$/.test(url.protocol) && url.hostname && !url.username && !url.password;
		return isFit ? { text, href: url.href } : null;
	} catch {
		return null;
	}
}

// Returns [{kind: "text" | "link" | "mention", text, href?}]. The text of a link is its address as the browser reads
// it: letters of other scripts that only look like those of a known host show as xn--.
export function segments(text, names = []) {
	const marked = [];
	for (const match of text.matchAll(LINK)) {
		const one = link(match[0]);
		const start = match.index;
		if (one) marked.push({ start, end: start + one.text.length, kind: "link", text: one.href, href: one.href });
	}
	for (const [start, end] of mentions(text, names)) {
		marked.push({ start, end, kind: "mention", text: text.slice(start, end) });
	}
	marked.sort((a, b) => a.start - b.start || b.end - a.end);
	const pieces = [];
	let at = 0;
	for (const { start, end, ...piece } of marked) {
		if (start < at) continue;
		if (start > at) pieces.push({ kind: "text", text: text.slice(at, start) });
		pieces.push(piece);
		at = end;
	}
	if (at < text.length) pieces.push({ kind: "text", text: text.slice(at) });
	return pieces;
}

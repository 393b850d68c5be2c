// Finds where a text names somebody, by the same rules as the server (chat/core/text.py).

// The letters of scripts that put no space between words.
const TOGETHER =
	"\\u0e00-\\u0eff\\u1000-\\u109f\\u1100-\\u11ff\\u1780-\\u17ff\\u3040-\\u30ff\\u3400-\\u4dbf\\u4e00-\\u9fff" +
	"\\ua960-\\ua97f\\uac00-\\ud7ff\\uf900-\\ufaff\\u{20000}-\\u{3ffff}";
const ONE_OF_THEM = new RegExp(`^[${TOGETHER}]$`, "u");
const LETTER = `(?![${TOGETHER}])[\\p{L}\\p{N}_]`;
const MARKS = "[\\[\\]\\\\`^{}\\|]";
const BEFORE = `(?<!${LETTER})(?<![.\\-])(?<!${LETTER}${MARKS})`;
const AFTER = `(?!${LETTER}|[\\[\\{\\\\^\\|]|[.\\-]${LETTER}|${MARKS}+${LETTER})`;
const patterns = new Map();

function patternOf(name) {
	if (!patterns.has(name)) {
		const letters = [...name];
		const escaped = name.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
		const before = ONE_OF_THEM.test(letters[0]) ? "" : BEFORE;
		const after = ONE_OF_THEM.test(letters.at(-1)) ? "" : AFTER;
		patterns.set(name, new RegExp(`${before}${escaped}${after}`, "giu"));
	}
	return patterns.get(name);
}

// Returns the [start, end] of each place where one of the names is a word of the text, outside of lines that quote.
export function mentions(text, names) {
	const found = [];
	let start = 0;
	for (const line of text.split("\n")) {
		for (const name of line.startsWith(">") ? [] : names.filter(Boolean)) {
			for (const { index, 0: { length } } of line.matchAll(patternOf(name))) {
				found.push([start + index, start + index + length]);
			}
		}
		start += line.length + 1;
	}
	return found.sort((a, b) => a[0] - b[0]);
}

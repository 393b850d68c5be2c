// Writes times, spans of time and numbers as people read them, in the user's time zone.

const DAY = new Intl.DateTimeFormat("en-GB", { weekday: "long", day: "numeric", month: "long", year: "numeric" });
const two = (number) => String(number).padStart(2, "0");
const days = new Map();
const UNITS = [[86400, "day"], [3600, "hour"], [60, "minute"]];

// Reads a time of the wire; what can't be read counts as now.
export function local(time) {
	const date = new Date(time);
	return Number.isNaN(date.getTime()) ? new Date() : date;
}

export const clock = (date) => `${two(date.getHours())}:${two(date.getMinutes())}`;

export function moment(date) {
	return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${clock(date)}`;
}

// Writes the day: "Saturday, 21 November 2026".
export function day(date) {
	const key = date.toDateString();
	if (!days.has(key)) days.set(key, DAY.format(date).replace(/^(\w+) /, "$1, "));
	return days.get(key);
}

// Writes how many there are: "1 user", "2 users".
export const counted = (number, one, many = `${one}s`) => `${number} ${number === 1 ? one : many}`;

// Writes a number of seconds: "3 minutes", "2 hours".
export function ago(seconds) {
	const [size, unit] = UNITS.find(([least]) => seconds >= least) ?? [1, "second"];
	return counted(Math.floor(seconds / size), unit);
}

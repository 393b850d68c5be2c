// Reads which part of the history is meant, in the user's time zone, as the other clients do (chat/core/when.py).

import { Refused } from "./link.js";

const MOST = 200; // the messages that are asked for if a time is given
const ID = /^(.*?)\s*\b(after|before|around)\s+#?(\d{1,15})$/i;
const SINCE = /^since\s+(?:(\d{4}-\d\d-\d\d)(?:\s+|$))?(\d\d?:\d\d(?::\d\d)?)?$/i;

// Returns the fields of the request for what was typed behind /history.
export function past(text, now) {
	let rest = text.trim();
	const ids = {};
	for (let found; (found = ID.exec(rest)) && ids[found[2].toLowerCase()] === undefined;) {
		ids[found[2].toLowerCase()] = Number(found[3]);
		[, rest] = found;
	}
	const isAround = ids.around !== undefined;
	if (isAround && Object.keys(ids).length > 1) throw unread();
	if (!rest) return isAround || text === "" ? ids : { count: MOST, ...ids };
	if (/^\d{1,9}$/.test(rest) && Number(rest)) return { count: Number(rest), ...ids };
	if (isAround) throw unread();
	const [, day, clock] = SINCE.exec(rest) ?? [];
	if (day || clock) return { count: MOST, since: moment(day, clock, now).toISOString(), ...ids };
	const since = moment(rest, "", now);
	const until = new Date(since);
	until.setDate(until.getDate() + 1);
	return { count: MOST, since: since.toISOString(), until: until.toISOString(), ...ids };
}

// Returns a time of a day, or the last such time before `now`.
function moment(day, clock, now) {
	const [year, month, date] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(day)?.slice(1).map(Number) ?? [];
	const [hour, minute, second = 0] = clock ? clock.split(":").map(Number) : [0, 0];
	const at = day ? new Date(year, month - 1, date) : new Date(now);
	if (day && (at.getMonth() !== month - 1 || at.getFullYear() !== year)) throw unread();
	if (hour > 23 || minute > 59 || second > 59) throw unread();
	at.setHours(hour, minute, second, 0);
	if (at > now && !day) at.setDate(at.getDate() - 1);
	return at;
}

const unread = () =>
	new Refused("Say how many, since when, or which day: /history 50, /history since 09:00, /history 2026-11-20.");

// Reads what the server sends: protocol 1, one JSON object a message (docs/protocol.md). What has not the shape that is
// written here is left out, so that no other module meets a value of the wrong type.

// The fields of each object. "name" is a text, "name#" a whole number, "name!" a truth, "name*" a list of texts,
// "name*x" a list of objects of the shape x, "name%x" such an object, "name@" texts by name, "name@number" numbers by
// name, and "name=a|b" one of these. With ? at the end it may be left out. Lists and truths always may: they are empty
// or false.
const TABLE = `
message id# time author kind=say|action text room? to? with? re#? re_author? re_text? edited? pinned! notice! all!
	reactions*reaction file%file? tag?
reaction text count# mine!
file name size# type url? width#? height#?
edited id# rev#? room? by text with? time tag?
deleted id# rev#? room? by with? time tag?
reacted id# rev#? room? by text on! count# with? time tag?
pinned id# rev#? room? by on! author text with? time tag?
welcome name token server time registered! role? features* words* limits%limits rooms*listed
limits text# line# rooms# lines#? file#?
listed room
room room topic users* away@ last# ops* private! access? locked! slow#? read#? pins#? tag?
joined time room name
left time room name by? text? tag?
rule time room by rule=op|mute|invite|private|lock|members|slow|founder|ban|archived|closed on! name? text? tag?
pins room messages*message tag?
words words* tag?
read room? id# with? tag?
stats figures@number tag?
bans bans*ban room? tag?
ban target until? why by
renamed time room? name new tag?
topic time room name? topic tag?
away time room? name text? tag?
who room users* away@ ops* tag?
rooms rooms*summary more! next#? tag?
summary room users# topic time? access?
history room? messages*message more! after#? before#? since? until? next#? with? changes*change around#?
	more_before! more_after! tag?
found messages*message more! next#? tag?
conversations conversations*conversed tag?
conversed name last# read# with unread# time here! gone!
conversation with name? here!
missed room? count# before#
ignored names* tag?
whois name account? rooms* away? idle# since tag?
devices devices*device tag?
device device# way address? since idle# this! held!
help commands*explained tag?
explained name usage summary
upload url until? tag?
notice text code? until? tag?
error code text tag?
pong tag?
ping
goodbye text code?
`;

const SHAPES = new Map(TABLE.trim().split(/\n(?!\t)/).map((line) => {
	const [name, ...fields] = line.split(/\s+/);
	return [name, fields.map((field) => /^(\w+)([#!*%@=]?)([\w|]*)(\??)$/.exec(field).slice(1))];
}));
const PARTS = new Set("reaction file limits listed ban summary conversed device explained".split(" "));
const CHANGES = ["edited", "deleted", "reacted", "pinned"];
const BAD = Symbol("of another shape");

export const isChange = ({ type }) => CHANGES.includes(type);

function shaped(type, value) {
	if (type === "change") type = CHANGES.includes(value?.type) ? value.type : "";
	if (typeof value !== "object" || !value || !SHAPES.has(type)) return BAD;
	const result = { type };
	for (const [name, kind, of, optional] of SHAPES.get(type)) {
		const given = (Object.hasOwn(value, name) ? value[name] : null) ?? null;
		if (given !== null) result[name] = checked(kind, of, given);
		else result[name] = kind === "*" ? [] : kind === "!" ? false : optional ? null : BAD;
		if (result[name] === BAD && kind === "%" && optional) result[name] = null;
		if (result[name] === BAD) return BAD;
	}
	return result;
}

function checked(kind, of, value) {
	if (kind === "#") return Number.isSafeInteger(value) && value >= 0 ? value : BAD;
	if (kind === "!") return typeof value === "boolean" ? value : BAD;
	if (kind === "%") return shaped(of, value);
	if (kind === "@") return new Map(Object.entries(value).filter(([, one]) => typeof one === (of || "string")));
	if (kind === "*" && !Array.isArray(value)) return BAD;
	if (kind === "*") return of ? value.map((one) => shaped(of, one)).filter((one) => one !== BAD) : value.filter(isText);
	return isText(value) && (!of || of.split("|").includes(value)) ? value : BAD;
}

const isText = (value) => typeof value === "string";

// Returns the object that the server sent, with every field that the table names; null if it is none of the table.
export function read(data) {
	try {
		const value = JSON.parse(data);
		const result = PARTS.has(value.type) || value.type === "change" ? BAD : shaped(value.type, value);
		return result === BAD ? null : result;
	} catch {
		return null;
	}
}

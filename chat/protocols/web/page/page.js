// The page: what is drawn when something changes, and what the keys and buttons do.

import { Actions, facts } from "./actions.js";
import { call, drawTitle } from "./alerts.js";
import { openStore } from "./browser.js";
import { Composer } from "./composer.js";
import { Door } from "./door.js";
import { $, arrange, avatar, h, setText } from "./dom.js";
import { Finder } from "./finder.js";
import { withDays } from "./lines.js";
import { Log, pieces } from "./log.js";
import { closeDialogs, dialog } from "./menus.js";
import { counted } from "./times.js";

const WIDE = matchMedia("(min-width: 70.01em)");
const STATES = { connecting: "Connecting…", greeting: "Connecting…", leaving: "Leaving…" };
const SIDES = { away: "not connected", unsure: "may be somebody else now", gone: "gone for good" };
const ACCESS = { members: "only accounts", private: "only the invited" };

const store = await openStore(window);
const { panels } = store;
let isAsked = false; // whether a frame will draw
let isInside = null;
let showsPeople = WIDE.matches;
let goesBack = false; // whether the page itself goes back in the browser's history, which takes a moment

const place = () => (store.panel?.is === "place" ? store.panel : null);
const focus = () => { if (!matchMedia("(pointer: coarse)").matches) composer.input.focus({ preventScroll: true }); };
const begin = (what) => (row) => {
	store.input[what](row);
	composer.input.focus();
};
const does = {
	redraw: drawLog,
	older: () => (place() ? panels.placeOlder() : store.readEarlier()),
	scrolled: (atEnd) => {
		if (!place()) store.scrolled(atEnd);
		else if (atEnd) panels.placeNewer();
		drawBelow();
	},
	say: (text) => $("said").replaceChildren(...[...$("said").children].slice(-4), h("p", text)),
	person: (row, anchor) => actions.person(row.author, anchor),
	menu: (row, anchor) => actions.message(row, anchor),
	react: (row, anchor) => actions.react(row, anchor),
	again: (row, anchor) => store.react(row, anchor.dataset.text),
	reply: begin("reply"),
	edit: begin("edit"),
	answered: ({ reply }) => {
		const element = log.elementOf(reply.id);
		if (!element) return panels.showPlace({ ...place(), id: reply.id });
		element.scrollIntoView({ block: "center" });
		return element.focus({ preventScroll: true });
	},
	insert: (name) => composer.insert(composer.input.value ? `${name} ` : `${name}: `),
	refused: (sentence) => setText(composer.hint, sentence),
};
const log = new Log($("log"), $("items"), store, does);
const composer = new Composer(store, () => log.toEnd());
const door = new Door(store);
const finder = new Finder(store);
const actions = new Actions(store, does);

// -- what is drawn

function draw() {
	if (isAsked) return;
	isAsked = true;
	// A hidden page gets no frames.
	if (document.hidden) setTimeout(drawAll);
	else requestAnimationFrame(drawAll);
}

function drawAll() {
	isAsked = false;
	const { is } = store.state;
	const inside = store.inside && store.current !== null && !["asking", "elsewhere"].includes(is);
	// Whoever comes back sees no door, and the room as soon as it has what was said there: so it is drawn once.
	const comesBack = isInside === null && store.link.token && ["connecting", "greeting", "online"].includes(is);
	if (comesBack && !(inside && store.current.isReady)) return;
	const isNew = inside !== isInside;
	if (isNew) turn(inside);
	drawTitle(store);
	if (!inside) return door.draw();
	drawState();
	drawRooms();
	drawHead();
	drawPeople();
	composer.draw();
	drawPanels();
	drawLog();
	if (isNew) focus();
	return undefined;
}

function turn(inside) {
	isInside = inside;
	$("app").hidden = !inside;
	$("door").hidden = inside;
	closeDialogs();
	door.way = "name";
	door.drawn = "";
}

function drawState() {
	const { is, why, seconds } = store.state;
	const [said, seen, button] = $("line").children;
	const text = STATES[is] ?? why;
	$("line").hidden = is === "online";
	// The seconds are counted for the eye only.
	setText(said, is === "online" ? "" : text);
	setText(seen, is === "waiting" ? `${text} The next attempt is in ${seconds} s.` : text);
	button.hidden = is in STATES;
}

const elements = new WeakMap(); // the buttons of the rooms

function roomElement(room) {
	if (!elements.has(room)) {
		const show = () => {
			store.turnTo(room);
			closeSide();
			focus();
		};
		const parts = [h("span.here"), h("bdi.grow.cut"), h("span.badge", { ariaHidden: "true" }), h("span.unseen")];
		elements.set(room, h("li", h("button", { onclick: show }, parts)));
	}
	const element = elements.get(room);
	const [here, title, badge, said] = element.firstChild.children;
	const { unread, calls } = room;
	const count = unread ? `${unread}${room.moreUnread ? "+" : ""}` : "";
	here.hidden = !room.private;
	here.classList.toggle("on", room.side === "here");
	setText(title, room.title);
	setText(badge, count);
	setText(said, count && ` ${count} unread${calls ? `, ${calls} for you` : ""}`);
	badge.hidden = !count;
	badge.classList.toggle("calls", calls > 0);
	element.firstChild.classList.toggle("new", unread > 0);
	element.firstChild.ariaCurrent = room === store.current ? "page" : null;
	return element;
}

function drawRooms() {
	const { rooms, current, name, away, role, registered } = store;
	arrange($("rooms"), rooms.filter((room) => !room.private).map(roomElement));
	arrange($("talks"), rooms.filter((room) => room.private).map(roomElement));
	const others = rooms.filter((room) => room !== current && room.unread);
	const unread = others.reduce((sum, room) => sum + room.unread, 0);
	setText($("elsewhere"), unread);
	$("elsewhere").hidden = !unread;
	$("elsewhere").classList.toggle("calls", others.some((room) => room.calls));
	$("side-open").ariaLabel = unread ? `Rooms, ${unread} unread` : "Rooms";
	const state = away !== null ? `away: ${away}` : role || (registered ? "here" : "without an account");
	if ($("me").dataset.shown === name + state) return;
	$("me").dataset.shown = name + state;
	const texts = h("span.grow", h("bdi.name", { id: "my-name" }, name), h("small", { id: "my-state" }, state));
	$("me").replaceChildren(avatar(name), texts);
}

function drawHead() {
	const { title, topic, access, slow, status, pins, people, private: isPrivate, side } = store.current;
	setText($("title"), title);
	const facts = [isPrivate ? SIDES[side] : ACCESS[access], slow && "slow", status, topic];
	setText($("topic"), facts.filter(Boolean).join(" · "));
	const count = (button, number, ...words) => {
		button.hidden = !number;
		button.ariaLabel = counted(number, ...words);
		setText(button.lastElementChild, number);
	};
	count($("pins"), pins, "pinned message");
	count($("who"), isPrivate ? 0 : people.length, "person here", "people here");
}

function drawPeople() {
	const list = $("people").querySelector(".persons"); // behind which a menu may be open
	const old = new Map([...list.children].map((item) => [item.dataset.state, item]));
	const make = (state, { name, op, away, me }) => {
		const about = [me && h("span.muted", " (you)"), away !== null && h("small", { dir: "auto" }, `away: ${away}`)];
		const onclick = ({ currentTarget }) => actions.person(name, currentTarget);
		const parts = [avatar(name), h("span.grow.cut", h("bdi", name), about), op && h("span.tag", "op")];
		return h("li", { "data-state": state }, h("button", { ariaHasPopup: "menu", onclick }, parts));
	};
	arrange(list, (store.current.private ? [] : store.current.people).map((person) => {
		const state = JSON.stringify(person);
		return old.get(state) ?? make(state, person);
	}));
}

function drawPanels() {
	finder.draw(WIDE.matches);
	const shown = showsPeople && $("finder").hidden && !store.current.private;
	$("people").hidden = !shown;
	$("who").ariaExpanded = String(shown);
	const [text, , go] = $("around").children;
	$("around").hidden = !place();
	if (place()) setText(text, `What was said in ${place().title}`);
	if (place()) setText(go, `Go to ${place().title}`);
	keepEntry();
}

function drawLog() {
	const { current } = store;
	const shown = place();
	if (shown) log.draw(shown, withDays(shown.rows), shown.mark);
	else log.draw(current, current.rows());
	const isAll = shown ? !shown.moreBefore : log.hidden === 0 && current.earlier === "none";
	const isBusy = shown ? shown.busy : current.earlier === "asked";
	const begins = shown ? "Nothing was said before." : `This is where ${current.title} begins.`;
	setText($("top"), isBusy ? "Fetching…" : shown?.why || (isAll ? begins : ""));
	drawBelow();
}

function drawBelow() {
	$("below").hidden = log.atEnd || Boolean(place());
	setText($("below"), store.current?.unread ? `${store.current.unread} new ↓` : "To the newest ↓");
}

store.on("changed", draw);
store.on("dialog", (name) => (name === "upload" ? $("attach").click() : actions.secret(name)));
store.on("list", (title, list, text) => dialog(title, { text, body: facts(list) }));
store.on("sending", () => composer.drawSending());
store.on("called", (room, row) => call(room, row, (one) => store.turnTo(one)));

// -- what the user does

function closeSide() {
	$("side").classList.remove("open");
	document.querySelector(".veil")?.remove();
	keepEntry();
}

// Goes on to the input field, unless the user is elsewhere already.
function leaveSide() {
	closeSide();
	if ($("side").contains(document.activeElement) || document.activeElement === document.body) focus();
}

function showPeople(shown) {
	showsPeople = shown;
	drawPanels();
}

function find() {
	finder.open();
	drawPanels();
}

// Returns what closes the part of the page that was opened last: the list of rooms, a search or place, the people.
function closer() {
	if ($("side").classList.contains("open")) return closeSide;
	if (store.panel) return () => panels.close();
	if (finder.isOpen) return () => { finder.isOpen = false; };
	return !WIDE.matches && showsPeople ? () => { showsPeople = false; } : null;
}

// Goes one step back: closes what is open, or returns to the newest message. At last it asks whether to stop what is
// being sent, or stops it.
function back() {
	const close = closer();
	const { sending } = store;
	if (close) close();
	else if (!log.atEnd || !sending.files.length) log.toEnd();
	else if (sending.isAsked) sending.stop();
	else sending.askToStop();
	drawPanels();
	focus();
}

// As long as something is open, the browser has an entry more in its history, so that its back button, which is all
// that a phone has for that, closes it instead of leaving the page.
function keepEntry() {
	if (goesBack) return;
	if (closer() && !history.state) history.pushState("open", "");
	else if (!closer() && history.state) {
		goesBack = true;
		history.back();
	}
}

onpopstate = () => {
	const isUser = !goesBack;
	goesBack = false;
	if (isUser && isInside && closer()) back();
	else keepEntry();
};

// Goes to the next part of the page.
function nextPart(step) {
	const [room, person] = [$("side").querySelector("[aria-current]"), $("people").querySelector("li button")];
	const parts = [room, $("log"), $("input"), person, $("sought")].filter((part) => part?.checkVisibility());
	const at = parts.findIndex((part) => part.closest("nav, aside, form, #log").contains(document.activeElement));
	parts.at((at + step) % parts.length).focus();
}

const PRESSED = {
	"side-open": () => {
		$("side").classList.add("open");
		$("side").before(h("div.veil", { onclick: closeSide }));
		$("side-close").focus();
		keepEntry();
	},
	"side-close": () => {
		closeSide();
		$("side-open").focus();
	},
	join: () => actions.join().then(leaveSide),
	talk: () => actions.talk().then(leaveSide),
	me: () => actions.me($("me")),
	more: () => actions.place($("more")),
	topic: () => dialog(store.current.title, { body: h("p.text", { dir: "auto" }, pieces($("topic").textContent)) }),
	pins: () => panels.listPins(),
	find,
	who: () => showPeople($("people").hidden),
	below: () => {
		log.toEnd();
		focus();
	},
};
for (const [id, act] of Object.entries(PRESSED)) $(id).onclick = act;
$("line").lastElementChild.onclick = () => store.reconnect();
$("people").querySelector(".icon").onclick = () => showPeople(false);
$("finder").querySelector(".icon").onclick = () => {
	panels.close(true);
	finder.isOpen = false;
	drawPanels();
	focus();
};
$("around").children[1].onclick = back;
$("around").children[2].onclick = () => panels.goToRoomOfPlace();
WIDE.onchange = () => {
	closeSide();
	if (isInside) showPeople(WIDE.matches);
};

const scroll = (pages) => $("log").scrollBy({ top: pages * $("log").clientHeight });
const KEYS = {
	F6: () => nextPart(1),
	"Shift+F6": () => nextPart(-1),
	"Alt+ArrowRight": () => store.turnBy(1),
	"Alt+ArrowLeft": () => store.turnBy(-1),
	"Alt+ArrowUp": () => log.choose(-1),
	"Alt+ArrowDown": () => log.choose(1),
	"Alt+a": () => store.turnToUnread(),
	"Ctrl+End": () => log.toEnd(),
	PageUp: () => scroll(-0.85),
	PageDown: () => scroll(0.85),
	Escape: back,
};

addEventListener("keydown", (event) => {
	const { key, ctrlKey, metaKey, altKey, shiftKey, target } = event;
	const isInMenu = document.querySelector("dialog[open], .menu:popover-open");
	if (!isInside || event.isComposing || event.defaultPrevented || isInMenu) return;
	const name = `${ctrlKey || metaKey ? "Ctrl+" : ""}${altKey ? "Alt+" : ""}${shiftKey ? "Shift+" : ""}${key}`;
	const room = /^Alt\+[1-9]$/.test(name) && store.rooms[key - 1];
	if (room) store.turnTo(room);
	else if (name === "Ctrl+f" && target !== $("sought")) find();
	else if (KEYS[name] && !(key.startsWith("Page") && target.tagName === "INPUT")) KEYS[name]();
	else {
		// Whoever begins to type means the input field.
		if (/^.$/u.test(name) && key !== " " && !target.matches("input, textarea")) composer.input.focus();
		return;
	}
	event.preventDefault();
});

ondragover = ondragleave = ondrop = (event) => {
	if (!isInside || !event.dataTransfer.types.includes("Files")) return;
	event.preventDefault();
	const { title } = store.current;
	setText($("drop"), store.features.has("files") ? `Drop it to send it to ${title}` : "This chat takes no files.");
	// What is dragged from one element to the next is still over the page.
	$("drop").hidden = event.type === "drop" || (event.type === "dragleave" && !event.relatedTarget);
	if (event.type === "drop") store.sending.take(event.dataTransfer);
};

onbeforeunload = (event) => { if (store.sending.files.length) event.preventDefault(); };

const look = () => store.look(!document.hidden && document.hasFocus());
const wake = () => {
	look();
	if (!document.hidden) store.wake();
};
onfocus = onblur = look;
ononline = onpageshow = document.onvisibilitychange = wake;
look();
draw();

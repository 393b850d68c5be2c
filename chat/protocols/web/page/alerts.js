// What calls the user: the title and the icon of the tab, a sound, a notification of the system.

import { kept } from "./tab.js";

// The icon of the tab, with a number.
function badge(count, colour) {
	const font = 'font-family="sans-serif" font-size="19" font-weight="bold" text-anchor="middle" fill="#fff"';
	const image = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">
		<rect width="32" height="32" rx="9" fill="${colour}"/>
		<text x="16" y="23" ${font}>${count > 99 ? "…" : count}</text>
	</svg>`;
	return `data:image/svg+xml,${encodeURIComponent(image)}`;
}

const INSTEAD = "The title and the icon of the tab count what is new.";
const icon = document.querySelector("link[rel=icon]");
const plain = icon.href;

export const settings = { sound: true, notify: false, ...kept.read("alerts") };

// Why there can be no notifications, or "".
export function missing() {
	if (!isSecureContext) {
		return `Browsers show notifications only for pages that come over https or from this machine. ${INSTEAD}`;
	}
	if (!window.Notification) return `This browser has no notifications. ${INSTEAD}`;
	return Notification.permission === "denied" ? "The browser's settings forbid this page to show notifications." : "";
}

export async function change({ sound, notify = false }) {
	if (notify && (await Notification.requestPermission()) !== "granted") {
		throw new Error(missing() || "The browser did not allow it.");
	}
	if (notify && !settings.notify) notifyFirst();
	Object.assign(settings, { sound, notify });
	kept.write("alerts", settings);
	play();
}

// Shows what a notification is like. On phones, browsers have them for installed apps only, and say so no earlier.
function notifyFirst() {
	try {
		new Notification("Chat", { body: "So you are told of messages for you.", icon: plain });
	} catch {
		throw new Error(`This browser shows no notifications of pages. ${INSTEAD}`);
	}
}

export function drawTitle({ unread, calls, current }) {
	const count = unread ? `(${unread}${calls ? "!" : ""}) ` : "";
	document.title = `${count}${current ? `${current.title} – ` : ""}Chat`;
	const href = unread ? badge(unread, calls ? "#b42318" : "#3366e6") : plain;
	if (icon.href !== href) icon.href = href;
}

export function call(room, row, show) {
	play();
	if (!settings.notify || missing() || document.hasFocus()) return;
	const more = { body: row.text.slice(0, 200), tag: room.key, icon: plain };
	const note = new Notification(room.private ? `${row.author} in private` : `${row.author} in ${room.title}`, more);
	note.onclick = () => {
		window.focus();
		show(room);
	};
}

// Two short tones. Browsers let a page sound once the user has done something on it.
function play() {
	if (!settings.sound || !navigator.userActivation?.hasBeenActive) return;
	play.context ??= new AudioContext();
	const { context } = play;
	[660, 880].forEach((pitch, place) => {
		const at = context.currentTime + place * 0.09;
		const [tone, volume] = [context.createOscillator(), context.createGain()];
		tone.frequency.value = pitch;
		volume.gain.setValueAtTime(0.08, at);
		volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.22);
		tone.connect(volume).connect(context.destination);
		tone.start(at);
		tone.stop(at + 0.25);
	});
}

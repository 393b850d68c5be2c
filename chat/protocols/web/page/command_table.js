// The commands that people type, by what they are about, as chat/core/commands has them; a test compares the two.
// Behind a name stand its parameters: `name`, or `name:kind` if the kind has another name. [In brackets]: it may be
// left out. @: it is about the room that the user is in. !: it is for ops of a room, or moderators.
export const SERVED = `
Help:
help [command]
Rooms:
who [@room]
rooms [text:room] [skip:number]
join room
topic @room [text]
Talk:
me @room text
reply @room text
paste
msg name:user [text]
conversations [before:number]
upload @room
You and others:
nick name:text
ignore [name:user] [on:switch]
away [text]
notify [word:text]
whois name:user
quit
Earlier messages:
history @room [when:text]
search text
mentions [before:number]
edit text
delete [id:number]
react @room text:reaction [id:number] [on:switch]
pin! @room [id:number] [on:switch]
pins @room
Your account:
register password:secret
password password:secret
rename name:user password:secret
unregister password:secret
invitation
Your devices:
devices
logout which:text
Rooms:
kick! @room name:user [text]
mute! @room name:user [text]
unmute! @room name:user
op! @room name:user [on:switch]
invite! @room name:user
uninvite! @room name:user
lock! @room [on:switch]
slow! @room text
room @room [access:choice] [name:user] [text]
hook! @room name:text
hooks! @room
unhook! @room name:text
The chat:
ban! target [text]
unban! target
stats!
bans!
moderator! name:user [on:switch]
`;

const PRIVILEGED = "Ops and moderators";

const OWN = `
This page:
go room - turns to a room or private conversation that is open: /go dev, /go @bob, /go 2
leave [room] - leaves the room, or another, or closes the private conversation
reconnect - tries at once to connect again, when there is no connection
`;

// What other chats call some of the commands, behind the names that these have here.
export const ALIASES = `
go buffer win window
help h
join j
kick k
leave close part unquery wc
msg m q query tell whisper
quit bye exit signoff
rooms list
search lastlog
topic t
who n names users w
whois wi
`;

function read(line, topic) {
	const [call, summary = ""] = line.split(" - "); // the server explains its own
	const [name, ...parameters] = call.split(" ");
	const read = (written) => {
		const [field, kind = field] = written.replace(/[[\]@]/g, "").split(":");
		const [optional, about] = [written.startsWith("["), written.includes("@")];
		return { field, kind, optional, about, typed: optional || !about };
	};
	const command = { name: name.replace("!", ""), summary, parameters: parameters.map(read) };
	return { ...command, topic: name.endsWith("!") ? PRIVILEGED : topic };
}

// All commands, by name.
export const COMMANDS = new Map((SERVED + OWN).trim().split(/\n(?=.*:$)/m).flatMap((part) => {
	const [topic, ...lines] = part.match(/.+/g);
	return lines.map((line) => read(line, topic.slice(0, -1)));
}).map((command) => [command.name, command]));

// Returns the commands by what they are about, as [topic, commands]; those that not everybody has come last.
export function byTopic() {
	const all = [...COMMANDS.values()];
	const topics = new Set(all.map((one) => one.topic));
	topics.delete(PRIVILEGED);
	return [...topics, PRIVILEGED].map((topic) => [topic, all.filter((one) => one.topic === topic)]);
}

const aliases = new Map(ALIASES.match(/.+/g).flatMap((line) => {
	const [name, ...others] = line.split(" ");
	return others.map((other) => [other, name]);
}));

// Returns the command that people call /word, if there is one.
export function called(word) {
	const name = word.toLowerCase();
	return COMMANDS.get(aliases.get(name) ?? name);
}

// How people type a command: /msg name [text]
export function usage({ name, parameters }) {
	const words = parameters.filter((one) => one.typed).map(({ field, kind, optional }) => {
		const word = kind === "switch" ? "on|off" : field;
		return optional ? `[${word}]` : word;
	});
	return [`/${name}`, ...words].join(" ");
}

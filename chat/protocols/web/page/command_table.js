// The commands that people type, as chat/core/commands has them; a test compares the two. Behind a name stand its
// parameters: `name`, or `name:kind` if the kind has another name. [In brackets]: it may be left out. @: it is about
// the room that the user is in. !: it is for ops of a room, or moderators.
export const SERVED = `
help [command]
who [@room]
rooms [text:room] [skip:number]
join room
topic @room [text]
me @room text
reply @room text
paste
msg name:user [text]
conversations [before:number]
upload @room
nick name:text
ignore [name:user] [on:switch]
away [text]
notify [word:text]
whois name:user
quit
history @room [when:text]
search text
mentions [before:number]
edit text
delete [id:number]
react @room text:reaction [id:number] [on:switch]
pin! @room [id:number] [on:switch]
pins @room
register password:secret
password password:secret
rename name:user password:secret
unregister password:secret
invitation
devices
logout which:text
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
ban! target [text]
unban! target
stats!
bans!
moderator! name:user [on:switch]
`;

const OWN = `
go room
leave [room]
reconnect
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

function read(line) {
	const [name, ...parameters] = line.split(" ");
	const read = (written) => {
		const [field, kind = field] = written.replace(/[[\]@]/g, "").split(":");
		const [optional, about] = [written.startsWith("["), written.includes("@")];
		return { field, kind, optional, about, typed: optional || !about };
	};
	return { name: name.replace("!", ""), privileged: name.endsWith("!"), parameters: parameters.map(read) };
}

// All commands, by name.
export const COMMANDS = new Map((SERVED + OWN).match(/.+/g).map(read).map((command) => [command.name, command]));

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

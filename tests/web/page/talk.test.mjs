import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { RealChat, shown, texts } from "./chat.mjs";

let chat;
beforeEach(async () => (chat = await RealChat.start()));

async function type(store, text) {
  store.input.type(text);
  store.input.enter();
  await chat.settle();
}

async function sayAll(store, said) {
  while (said.length) {
    for (const text of said.splice(0, 50)) store.say(text);
    await chat.settle();
  }
}

const last = (store, count = 1) => shown(store.current.rows()).slice(-count);

test("a user comes in, says something, and both sides see it once", async () => {
  const ada = await chat.page("ada");
  assert.equal(ada.state.is, "online");
  assert.equal(ada.current.title, "#lobby");
  const bob = await chat.text("bob");
  await type(ada, "hello, bob");
  assert.deepEqual(texts(ada.current), ["hello, bob"]);
  assert.ok(bob.lines.includes("ada: hello, bob"));
  assert.equal(ada.current.input.text, "");
  await bob.say("hello, ada");
  assert.equal(ada.current.rows().at(-1).mention, true);
  assert.deepEqual(last(ada, 3), ["* bob joined.", "ada: hello, bob", "bob: hello, ada"]);
});

test("what is not acknowledged is shown as not sent, and takes its place when it is", async () => {
  const ada = await chat.page("ada");
  ada.input.type("soon");
  ada.input.enter();
  const row = ada.current.rows().at(-1);
  assert.deepEqual([row.text, row.unsent, row.id], ["soon", true, null]);
  await chat.settle();
  const now = ada.current.rows().at(-1);
  assert.deepEqual([now.text, now.unsent], ["soon", undefined]);
  assert.ok(now.id > 0);
});

test("a message is edited, answered, reacted to, pinned and deleted, here and there", async () => {
  const ada = await chat.page("ada", ["dev"]);
  const bob = await chat.page("bob", ["dev"]);
  await type(ada, "helo");
  ada.input.editLast();
  assert.equal(ada.current.input.text, "helo");
  await type(ada, "hello");
  for (const one of [ada, bob]) {
    assert.deepEqual(texts(one.current), ["hello"]);
    assert.equal(one.current.rows().at(-1).edited, true);
  }
  const said = bob.current.rows().at(-1);
  assert.deepEqual(["edit", "delete", "react", "pin"].map((what) => bob.input.may(what, said)), [false, false, true, false]);
  const own = ada.current.rows().at(-1);
  assert.deepEqual(["edit", "delete", "react", "pin"].map((what) => ada.input.may(what, own)), [true, true, true, true]);
  bob.react(said, "👍");
  await chat.settle();
  assert.deepEqual(bob.current.find(said.id).reactions, [{ text: "👍", count: 1, mine: true }]);
  assert.deepEqual(ada.current.find(said.id).reactions, [{ text: "👍", count: 1, mine: false }]);
  bob.react(bob.current.find(said.id), "👍");
  await chat.settle();
  assert.deepEqual(ada.current.find(said.id).reactions, []);
  ada.pin(ada.current.find(said.id));
  await chat.settle();
  assert.equal(bob.current.pins, 1);
  assert.deepEqual(last(bob), ['* ada pinned what ada said: "hello"']);
  bob.input.reply(bob.current.find(said.id));
  await type(bob, "hi");
  assert.deepEqual(ada.current.rows().at(-1).reply, { id: said.id, author: "ada", text: "hello" });
  assert.equal(ada.current.rows().at(-1).mention, true);
  assert.equal(bob.current.input.reply, null);
  ada.delete(ada.current.find(said.id));
  await chat.settle();
  assert.equal(bob.current.find(said.id).kind, "deleted");
  assert.equal(bob.current.pins, 0);
  assert.equal(ada.current.rows().at(-1).reply, null);
});

test("what the server refuses goes back into the input, with the reason in the room", async () => {
  const ada = await chat.page("ada", ["dev"]);
  const bob = await chat.page("bob", ["dev"]);
  await type(ada, "/mute bob 10m");
  await type(bob, "may I?");
  assert.equal(bob.current.input.text, "may I?");
  assert.equal(bob.current.rows().at(-1).kind, "refusal");
  assert.deepEqual(texts(ada.current), []);
});

test("several lines are one message, and too many or too long ones stay in the input", async () => {
  const ada = await chat.page("ada");
  await type(ada, "one\n  two\n\n");
  assert.deepEqual(texts(ada.current), ["one\n  two"]);
  await type(ada, Array(101).fill("x").join("\n"));
  assert.match(ada.current.rows().at(-1).text, /101 lines, and the server takes 100/);
  assert.equal(ada.input.paste(Array(101).fill("x").join("\n")), "file");
  assert.equal(ada.input.paste("a\nb"), "text");
  for (const end of ["\n", "\r\n"]) assert.equal(ada.input.paste(`x${end}`.repeat(100)), "text");
  assert.equal(ada.input.paste("x\r".repeat(101)), "file");
  await type(ada, "ü".repeat(3000));
  assert.match(ada.current.rows().at(-1).text, /6000 bytes/);
  assert.notEqual(ada.current.input.text, "");
  await type(ada, "/usr/bin is\na folder");
  assert.deepEqual(texts(ada.current), ["one\n  two", "/usr/bin is\na folder"]);
});

test("commands work as in the other clients", async () => {
  const ada = await chat.page("ada", ["dev"]);
  const bob = await chat.page("bob", ["dev"]);
  const answers = async (line, pattern) => {
    await type(ada, line);
    assert.match(ada.current.rows().at(-1).text, pattern, line);
  };
  await type(ada, "/me waves");
  assert.deepEqual(last(bob), ["~ ada waves"]);
  await type(ada, "//slash");
  assert.deepEqual(last(bob), ["ada: /slash"]);
  await answers("/who", /^In #dev: ada \(op\), bob$/);
  await answers("/topic tea", /^ada set the topic of #dev to: tea$/);
  assert.equal(bob.current.topic, "tea");
  for (const line of ["/join tea", "/topic green", "/go dev"]) await type(ada, line);
  await answers("/topic #tea", /^The topic of #tea is: green$/);
  ada.open("bob");
  await answers("/topic #tea", /^The topic of #tea is: green$/);
  await answers("/who dev", /^In #dev: ada \(op\), bob$/);
  ada.attempt(() => ada.close(ada.current));
  await type(ada, "/go dev");
  ada.attempt(() => ada.close(ada.find("tea")));
  await answers("/topic", /^The topic of #dev is: tea$/);
  await answers("/whois bob", /^Here since 2026-11-21/);
  await answers("/away lunch", /^You are away: lunch$/);
  assert.deepEqual(bob.current.people.map((one) => [one.name, one.op, one.away]), [["ada", true, "lunch"], ["bob", false, null]]);
  await answers("/away", /^You are back\.$/);
  await answers("/lock", /locked the topic/);
  assert.equal(bob.current.locked, true);
  await answers("/lock", /unlocked the topic/);
  await answers("/op bob", /ada made bob an op/);
  assert.equal(bob.current.isOp, true);
  await answers("/rooms dev", /^#dev, 2 users, active/);
  await answers("/help msg", /^\/msg name \[text\] - /);
  await answers("/list dev", /^#dev, 2 users, active/);
  await answers("/constructor", /Did you mean \/conversations/);
  await answers("/frobnicate", /There is no command \/frobnicate\. \/help lists them all\.$/);
  await answers("/whois @bob", /^Here since 2026-11-21/);
  await answers("/kick", /^Usage: \/kick name \[text\]$/);
  await answers("/delete x", /^x is not a number\. Usage: \/delete \[id\]$/);
  await answers("/nick eve", /^You are now known as eve\.$/);
  assert.equal(ada.name, "eve");
  await answers("/ignore bob", /^You ignore bob\.$/);
  await type(bob, "unheard");
  assert.ok(!texts(ada.current).includes("unheard"));
  await answers("/ignore bob", /^You ignore nobody\.$/);
  await answers("/edit better", /^You are|nobody/);
  const own = () => bob.current.newest((line) => line.author === "ada" || line.author === "eve");
  assert.equal(own().text, "better");
  await type(ada, `/edit #${own().id} #1 is better`);
  assert.equal(own().text, "#1 is better");
  await answers(`/edit #${own().id}`, /^Type your text behind the number\.$/);
  await type(bob, "green tea");
  await type(ada, `/reply #${bob.current.rows().at(-1).id} of course`);
  assert.equal(bob.current.rows().at(-1).reply.text, "green tea");
  await type(bob, "green tea");
  await type(ada, "/react 👀");
  assert.deepEqual(bob.current.rows().at(-1).reactions.map((one) => one.text), ["👀"]);
  await type(ada, "/kick bob bye");
  assert.match(bob.current.rows().at(-1).text, /^You were put out of #dev by eve: bye$/);
});

test("/help lists the commands by what they are about, and explains one, or all", async () => {
  const ada = await chat.page("ada");
  const lists = [];
  ada.on("list", (title, list) => lists.push(new Map(list)));
  await type(ada, "/help");
  await type(ada, "/help all");
  assert.match(lists[0].get("Talk"), /^\/me, \/reply, /);
  assert.match(lists[0].get("This page"), /^\/go, \/leave, \/reconnect$/);
  assert.match(lists[0].get("Ops and moderators"), /\/kick, .*\/ban, /);
  assert.doesNotMatch(lists[0].get("Rooms"), /kick/);
  assert.match(lists[1].get("/who [room]"), /^lists who is in the room/);
  assert.match(lists[1].get("/leave [room]"), /^leaves the room, or another/);
  for (const [word, answer] of [["msg", "/msg name [text] - "], ["/part", "/leave [room] - leaves the room"]]) {
    await type(ada, `/help ${word}`);
    assert.ok(last(ada)[0].startsWith(`* ${answer}`), word);
  }
});

test("/leave and /go are about the room that is named", async () => {
  const ada = await chat.page("ada");
  for (const room of ["dev", "tea"]) await type(ada, `/join ${room}`);
  await type(ada, "/go #lobby");
  assert.equal(ada.current.title, "#lobby");
  await type(ada, "/leave #dev");
  assert.deepEqual(ada.rooms.map((room) => room.title), ["#lobby", "#tea"]);
  await type(ada, "/leave nowhere");
  assert.deepEqual(last(ada), ["* You are not in nowhere. /leave alone leaves #lobby."]);
  await type(ada, "/go 2");
  await type(ada, "/leave");
  assert.deepEqual(ada.rooms.map((room) => room.title), ["#lobby"]);
});

test("passwords are never typed in the line", async () => {
  const ada = await chat.page("ada");
  const asked = [];
  ada.on("dialog", (name) => asked.push(name));
  await type(ada, "/register correct horse");
  assert.deepEqual(asked, ["register"]);
  assert.equal(ada.registered, false);
  const registered = ada.account("register", "correct horse");
  await chat.settle();
  await registered;
  assert.equal(ada.registered, true);
  await type(ada, "/register correct horse");
  assert.deepEqual(ada.current.inputs.typed, []);
});

test("rooms are joined, left, unread, and named in the title", async () => {
  const ada = await chat.page("ada");
  const bob = await chat.page("bob");
  await type(ada, "/join dev");
  assert.equal(ada.current.title, "#dev");
  await type(ada, "first");
  await type(bob, "one");
  await type(bob, "ada: two");
  const called = [];
  ada.on("called", (room, row) => called.push([room.title, row.text]));
  await type(bob, "@ada three");
  const lobby = ada.find("lobby");
  assert.deepEqual([lobby.unread, lobby.calls, ada.unread, ada.calls], [3, 2, 3, 2]);
  assert.deepEqual(called, [["#lobby", "@ada three"]]);
  ada.turnToUnread();
  assert.deepEqual(last(ada, 4), ["-- unread --", "bob: one", "bob: ada: two", "bob: @ada three"]);
  assert.equal(lobby.unread, 0);
  ada.turnBy(1);
  ada.turnBy(-1);
  assert.ok(!shown(ada.current.rows()).includes("-- unread --"));
  ada.look(false);
  await type(bob, "four");
  assert.equal(lobby.unread, 1);
  ada.look(true);
  assert.equal(lobby.unread, 0);
  await type(ada, "/part tea is ready");
  assert.equal(ada.current.rows().at(-1).text, "You are not in tea. /leave alone leaves #lobby.");
  for (const where of ["1", "#dev", "lobby", "dev"]) await type(ada, `/go ${where}`);
  await type(ada, "/leave #lobby so long");
  assert.deepEqual(ada.rooms.map((room) => room.title), ["#dev"]);
  ada.attempt(() => ada.close(ada.current));
  assert.match(ada.current.rows().at(-1).text, /only room/);
  await type(ada, "/join no room");
  assert.equal(ada.current.rows().at(-1).text, "The name of a room has no blanks. Usage: /join room");
  await type(ada, "/join no/room");
  assert.equal(ada.current.title, "#dev");
  assert.equal(ada.current.rows().at(-1).kind, "refusal");
});

test("who comes and goes is told in one row", async () => {
  const ada = await chat.page("ada");
  await chat.text("bob");
  const cy = await chat.text("cy");
  await cy.say("exit");
  assert.deepEqual(last(ada), ["* bob joined; cy came and went."]);
  await cy.say();
  const before = ada.current.rows().length;
  await chat.text("eve");
  assert.equal(ada.current.rows().length, before);
  assert.deepEqual(last(ada), ["* bob and eve joined; cy came and went."]);
});

test("history is read upwards, each message once", async () => {
  const ada = await chat.page("ada");
  await sayAll(ada, Array.from({ length: 250 }, (_, index) => `line ${index + 1}`));
  const bob = await chat.page("bob");
  assert.equal(texts(bob.current).length, 100);
  assert.equal(bob.current.earlier, "possible");
  const keys = bob.current.rows().map((row) => row.key);
  bob.readEarlier();
  bob.readEarlier();
  assert.equal(bob.current.earlier, "asked");
  await chat.settle();
  assert.equal(texts(bob.current).length, 200);
  assert.ok(keys.every((key) => bob.current.rows().some((row) => row.key === key)));
  bob.readEarlier();
  await chat.settle();
  assert.deepEqual(texts(bob.current), Array.from({ length: 250 }, (_, index) => `line ${index + 1}`));
  assert.equal(bob.current.earlier, "none");
});

test("a search shows what was found, and the place of it", async () => {
  const ada = await chat.page("ada");
  await sayAll(ada, Array.from({ length: 120 }, (_, index) => (index === 29 ? "green tea" : `line ${index + 1}`)));
  await type(ada, "/search tea");
  assert.deepEqual(ada.panel.found.map((one) => [one.title, one.row.text]), [["#lobby", "green tea"]]);
  ada.panels.showPlace(ada.panel.found[0]);
  await chat.settle();
  assert.equal(ada.panel.is, "place");
  assert.ok(ada.panel.rows.some((row) => row.id === ada.panel.mark && row.text === "green tea"));
  assert.deepEqual([ada.panel.moreBefore, ada.panel.moreAfter], [true, true]);
  const first = ada.panel.rows[0].text;
  ada.panels.placeOlder();
  await chat.settle();
  assert.notEqual(ada.panel.rows[0].text, first);
  assert.equal(ada.panel.rows[0].text, "line 1");
  ada.panels.placeNewer();
  await chat.settle();
  assert.deepEqual(ada.panel.rows.map((row) => row.id), [...ada.panel.rows].map((row) => row.id).sort((a, b) => a - b));
  ada.panels.close();
  assert.equal(ada.panel.is, "search");
  ada.panels.close();
  assert.equal(ada.panel, null);
  await type(ada, "/history around 999999");
  assert.match(ada.panel.why, /There is no message 999999/);
});

test("what was found in another room is answered and pinned there", async () => {
  const ada = await chat.page("ada");
  await type(ada, "/join dev");
  const bob = await chat.page("bob", ["dev"]);
  await type(bob, "green tea");
  await type(ada, "/go lobby");
  await type(ada, "/search tea");
  ada.panels.showPlace(ada.panel.found[0]);
  await chat.settle();
  const row = ada.panel.rows.at(-1);
  assert.deepEqual([ada.current.title, row.text, ada.input.may("pin", row)], ["#lobby", "green tea", true]);
  ada.pin(row);
  ada.input.reply(row);
  assert.equal(ada.current.title, "#dev");
  await type(ada, "with milk");
  assert.deepEqual(bob.current.rows().at(-1).reply, { id: row.id, author: "bob", text: "green tea" });
  assert.equal(bob.current.pins, 1);
  ada.panels.showPlace({ row, title: "#dev", address: { room: "dev" } });
  ada.input.reply(row);
  assert.equal(ada.panel.is, "place", "in the room of the place one goes on reading there");
});

test("drafts and what was typed are kept for each room", async () => {
  const ada = await chat.page("ada");
  await type(ada, "first");
  await type(ada, "second");
  ada.input.type("draft");
  ada.input.older();
  assert.equal(ada.current.input.text, "second");
  ada.input.older();
  ada.input.older();
  assert.equal(ada.current.input.text, "first");
  ada.input.newer();
  ada.input.newer();
  assert.equal(ada.current.input.text, "draft");
  ada.join("dev");
  await chat.settle();
  assert.equal(ada.current.input.text, "");
  ada.turnBy(1);
  assert.equal(ada.current.input.text, "draft");
});

test("Tab completes names, rooms and commands", async () => {
  const ada = await chat.page("ada");
  await chat.text("bob");
  const texts = (typed) => ada.input.complete(typed).texts;
  assert.deepEqual(texts("b"), ["bob: "]);
  assert.deepEqual(texts("hello b"), ["bob "]);
  assert.deepEqual(texts("/whoi"), ["/whois "]);
  assert.deepEqual(texts("/msg b"), ["bob "]);
  assert.deepEqual(texts("see #lo"), ["#lobby "]);
  assert.deepEqual(texts("/op bob o"), ["on ", "off "]);
  assert.deepEqual(texts("a"), []);
});

test("a mistake of who draws loses no message", async () => {
  const ada = await chat.page("ada");
  const bob = await chat.page("bob");
  const { error } = console;
  console.error = () => {};
  ada.on("changed", () => { throw new Error("a mistake"); });
  for (const text of ["one", "two"]) await type(bob, text);
  console.error = error;
  assert.deepEqual(texts(ada.current), ["one", "two"]);
});

test("a search without a connection waits for it", async () => {
  const ada = await chat.page("ada");
  await type(ada, "green tea");
  chat.reachable = false;
  await ada.link.socket.cut();
  ada.panels.search("tea");
  assert.deepEqual([ada.panel.waits, ada.panel.busy, ada.panel.found.length], [true, false, 0]);
  ada.panels.showPlace({ id: 1 });
  assert.equal(ada.panel.why, "There is no connection now.");
  ada.panels.close();
  chat.reachable = true;
  await chat.advance(10);
  assert.deepEqual([ada.panel.waits, ada.panel.found.length], [false, 1]);
});

test("/history takes all that the other clients take, and one reads on from there", async () => {
  const ada = await chat.page("ada");
  await sayAll(ada, Array.from({ length: 30 }, (_, index) => `line ${index + 1}`));
  const ids = ada.current.lines.filter((line) => line.kind === "say").map((line) => line.id);
  const read = async (when) => {
    await type(ada, `/history ${when}`);
    const { rows, moreBefore, moreAfter, mark } = ada.panel;
    return [rows.at(0)?.text, rows.at(-1)?.text, moreBefore, moreAfter, mark];
  };
  assert.deepEqual(await read("5"), ["line 26", "line 30", true, false, null]);
  assert.deepEqual(await read(`after ${ids[9]} before #${ids[20]}`), ["line 11", "line 20", true, true, ids[10]]);
  ada.panels.placeNewer();
  await chat.settle();
  assert.deepEqual([ada.panel.rows.at(-1).text, ada.panel.moreAfter], ["line 30", false]);
  assert.deepEqual(await read(`5 before ${ids[20]}`), ["line 16", "line 20", true, true, null]);
  assert.deepEqual(await read("2026-11-21"), ["line 1", "line 30", true, true, ids[0]]);
  ada.panels.placeOlder();
  await chat.settle();
  assert.equal(ada.panel.moreBefore, false);
  assert.deepEqual(await read("since 2026-11-22"), [undefined, undefined, false, false, null]);
  assert.equal(ada.panel.why, "Nothing was said then.");
  await type(ada, "/history yesterday");
  assert.match(last(ada)[0], /Say how many, since when, or which day/);
});

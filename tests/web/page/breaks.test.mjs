import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { RealChat, Storage, texts } from "./chat.mjs";

let chat;
beforeEach(async () => (chat = await RealChat.start()));

async function type(store, text) {
  store.input.type(text);
  store.input.enter();
  await chat.settle();
}

const socketOf = (store) => store.link.socket;

test("a lost connection is shown and regained, and what was typed meanwhile is sent once", async () => {
  const ada = await chat.page("ada");
  const bob = await chat.page("bob");
  await type(ada, "before");
  const states = [];
  ada.on("changed", () => states.push(ada.state.is));
  chat.reachable = false;
  await socketOf(ada).cut();
  assert.equal(ada.state.is, "waiting");
  assert.ok(ada.inside);
  await type(ada, "meanwhile 1");
  await type(ada, "/me waves");
  await type(bob, "while you were out");
  await chat.advance(3);
  assert.equal(ada.current.rows().at(-1).unsent, true);
  chat.reachable = true;
  await chat.advance(40);
  assert.equal(ada.state.is, "online");
  assert.deepEqual(texts(bob.current), ["before", "while you were out", "meanwhile 1", "waves"]);
  assert.deepEqual(texts(ada.current), ["before", "while you were out", "meanwhile 1", "waves"]);
  assert.ok(states.includes("connecting") && states.includes("greeting"));
  assert.ok(!bob.current.rows().some((row) => row.kind === "fold" && /ada/.test(row.text)), "nobody sees a break");
});

test("an answer that was lost on the way leads to no second message", async () => {
  const ada = await chat.page("ada");
  const bob = await chat.page("bob");
  const socket = socketOf(ada);
  socket.onmessage = () => {}; // what the server answers gets lost
  await type(ada, "once");
  ada.react(bob.current.rows().at(-1), "👍");
  await chat.settle();
  await socket.cut();
  await chat.advance(5);
  assert.deepEqual(texts(bob.current), ["once"]);
  assert.deepEqual(texts(ada.current), ["once"]);
  assert.equal(ada.link.outbox.size, 0);
});

test("changes that happened in a break come behind it, in order", async () => {
  const ada = await chat.page("ada");
  const bob = await chat.page("bob");
  for (const text of ["one", "two", "three"]) await type(bob, text);
  await type(ada, "mine");
  chat.reachable = false;
  await socketOf(ada).cut();
  await type(bob, "/edit three!");
  const [one, two] = bob.current.rows().filter((row) => row.author === "bob");
  bob.delete(one);
  bob.react(ada.current.rows().find((row) => row.text === "mine"), "🎉");
  await chat.settle();
  await type(bob, "four");
  chat.reachable = true;
  await chat.advance(10);
  assert.deepEqual(texts(ada.current), ["two", "three!", "mine", "four"]);
  assert.equal(ada.current.find(one.id).kind, "deleted");
  assert.deepEqual(ada.current.rows().find((row) => row.text === "mine").reactions.length, 1);
  assert.equal(ada.current.find(two.id).text, "two");
});

test("a page that is loaded again resumes, and sends what was waiting once", async () => {
  const ada = await chat.page("ada", ["lobby", "dev"]);
  const bob = await chat.page("bob", ["lobby", "dev"]);
  ada.turnTo(ada.find("dev"));
  await type(ada, "in dev");
  await type(bob, "in the lobby");
  ada.input.type("a draft");
  ada.say("typed into the void");
  const again = await chat.reload(ada, { isCut: true });
  assert.equal(again.name, "ada");
  assert.equal(again.current.title, "#dev");
  assert.equal(again.current.input.text, "a draft");
  assert.deepEqual(again.rooms.map((room) => room.title), ["#lobby", "#dev"]);
  assert.deepEqual(texts(again.find("dev")), ["in dev", "typed into the void"]);
  assert.deepEqual([again.find("lobby").unread, texts(again.find("lobby"))], [1, ["in the lobby"]]);
  assert.deepEqual(texts(bob.find("dev")), ["in dev", "typed into the void"]);
  assert.ok(!bob.current.rows().some((row) => row.kind === "fold" && /ada (left|came)/.test(row.text)));
});

test("who reads too slowly comes back for what was left out", async () => {
  const ada = await chat.page("ada");
  const bob = await chat.page("bob");
  await type(bob, "one");
  const { link } = ada;
  const pass = link.received.bind(link);
  link.received = () => {}; // the server leaves these out, and says so
  await type(bob, "two");
  await type(bob, "three");
  link.received = pass;
  link.received({ type: "missed", room: "lobby", count: 2, before: 4 });
  await type(bob, "four");
  assert.equal(ada.state.is, "online");
  assert.deepEqual(texts(ada.current), ["one", "two", "three", "four"]);
});

test("a server that does not answer counts as lost after three pings", async () => {
  const ada = await chat.page("ada");
  await chat.advance(25);
  assert.equal(ada.state.is, "online");
  socketOf(ada).isCut = true;
  await chat.advance(25);
  assert.equal(ada.state.is, "online");
  chat.reachable = false;
  await chat.advance(20);
  assert.equal(ada.state.is, "waiting");
});

test("after waking up, one ping tells whether there is still a connection", async () => {
  const ada = await chat.page("ada");
  ada.wake();
  await chat.advance(6);
  assert.equal(ada.state.is, "online");
  const dead = socketOf(ada);
  dead.isCut = true;
  ada.wake();
  await chat.advance(6);
  assert.equal(ada.state.is, "online");
  assert.notEqual(socketOf(ada), dead);
});

test("attempts are made ever later, at times that are partly random, and at once if the user wants", async () => {
  const ada = await chat.page("ada");
  chat.reachable = false;
  await socketOf(ada).cut();
  const before = chat.sockets.size;
  await chat.advance(300);
  const tries = chat.sockets.size - before;
  assert.ok(tries >= 10 && tries <= 20, String(tries));
  assert.ok(ada.state.seconds >= 1 && ada.state.seconds <= 30);
  chat.reachable = true;
  ada.reconnect();
  await chat.settle();
  assert.equal(ada.state.is, "online");
});

test("who comes back after the session is over is somebody new, in the same rooms", async () => {
  const ada = await chat.page("ada", ["lobby", "dev"]);
  for (const name of ["eve", "cy"]) await chat.page(name);
  await type(ada, "before");
  await type(ada, "/ignore eve");
  await type(ada, "/ignore cy");
  await type(ada, "/away lunch");
  chat.reachable = false;
  await socketOf(ada).cut();
  await type(ada, "meanwhile");
  await chat.advance(200);
  chat.reachable = true;
  const bob = await chat.page("bob");
  await type(bob, "in between");
  await chat.advance(40);
  assert.equal(ada.state.is, "online");
  assert.deepEqual(ada.rooms.map((room) => room.title), ["#lobby", "#dev"]);
  assert.deepEqual([[...ada.ignored].sort(), ada.away], [["cy", "eve"], "lunch"]);
  assert.equal(bob.current.people.find((one) => one.name === "ada").away, "lunch");
  assert.deepEqual(texts(ada.current), ["before", "in between", "meanwhile"]);
});

test("a session that goes on in another tab is not fought for", async () => {
  const ada = await chat.page("ada");
  const other = chat.tab(new Storage(ada.storage.values));
  other.reconnect();
  await chat.settle();
  assert.equal(other.state.is, "online");
  assert.equal(ada.state.is, "elsewhere");
  const sockets = chat.sockets.size;
  await chat.advance(100);
  assert.equal(chat.sockets.size, sockets);
  ada.reconnect();
  await chat.settle();
  assert.deepEqual([ada.state.is, other.state.is], ["online", "elsewhere"]);
  await type(ada, "here again");
  assert.deepEqual(texts(ada.current), ["here again"]);
});

test("leaving ends the session, and a page loaded again begins at the door", async () => {
  const ada = await chat.page("ada");
  const bob = await chat.page("bob");
  ada.leave();
  await chat.settle();
  assert.deepEqual([ada.state.is, ada.state.why, ada.inside], ["ended", "", false]);
  assert.deepEqual(bob.current.people.map((one) => one.name), ["bob"]);
  assert.equal(chat.tab(new Storage(ada.storage.values)).link.token, null);
  ada.enter("ada");
  await chat.settle();
  assert.equal(ada.state.is, "online");
  assert.equal(ada.current.title, "#lobby");
});

test("at most 100 messages wait, and the next stays in the input", async () => {
  const ada = await chat.page("ada");
  chat.reachable = false;
  await socketOf(ada).cut();
  for (let number = 0; number < 100; number += 1) ada.say(`line ${number}`);
  await type(ada, "one too many");
  assert.equal(ada.current.input.text, "one too many");
  chat.reachable = true;
  await chat.advance(10);
  assert.equal(texts(ada.current).length, 100);
});

test("a chat that has forgotten everything is told from one that was away", async () => {
  await chat.page("cy"); // the chat in memory gives the same tokens again, in the same order
  const ada = await chat.page("ada", ["lobby", "dev"]);
  for (let number = 0; number < 5; number += 1) await type(ada, `old ${number}`);
  socketOf(ada).isCut = true;
  await chat.do("begin", "");
  socketOf(ada).lost();
  await type(ada, "typed meanwhile");
  const bob = await chat.page("bob");
  await type(bob, "new 1");
  await chat.advance(10);
  assert.deepEqual(texts(ada.current).slice(5), ["new 1", "typed meanwhile"]);
  await type(bob, "new 2");
  assert.equal(texts(ada.current).at(-1), "new 2");
});

test("who may not come into the wanted room is told so in the lobby", async () => {
  const ada = await chat.page("ada", ["dev"]);
  const registered = ada.account("register", "correct horse");
  await chat.settle();
  await registered;
  await type(ada, "/room private");
  const bob = await chat.page("bob", ["dev"]);
  assert.equal(bob.current.title, "#lobby");
  assert.ok(bob.current.rows().some((row) => row.kind === "refusal"));
});

test("10,000 messages leave about a thousand lines, and what is dropped can be read again", async () => {
  const ada = await chat.page("ada");
  const bob = await chat.page("bob");
  for (let block = 0; block < 40; block += 1) {
    for (let number = 0; number < 50; number += 1) bob.say(`line ${block * 50 + number}`);
    await chat.settle();
  }
  assert.ok(ada.current.lines.length <= 1250);
  assert.equal(texts(ada.current).at(-1), "line 1999");
  ada.readEarlier();
  await chat.settle();
  const numbers = texts(ada.current).map((text) => Number(text.split(" ")[1]));
  assert.deepEqual(numbers, numbers.map((_, index) => numbers[0] + index));
});

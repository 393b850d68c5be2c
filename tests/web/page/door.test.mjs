import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { RealChat, Storage, texts } from "./chat.mjs";
import { Saved, Tabs } from "../../../chat/protocols/web/page/tab.js";

let chat;
beforeEach(async () => (chat = await RealChat.start()));

async function done(promise) {
  promise.catch(() => {}); // it is awaited below
  await chat.settle();
  return promise;
}

test("who has no name is a guest, and a taken name leads back to the door with the reason", async () => {
  const guest = await chat.page("");
  assert.notEqual(guest.name, "");
  await chat.page("ada");
  const other = await chat.page("Ada");
  assert.deepEqual([other.state.is, other.state.code, other.inside], ["outside", "name-taken", false]);
  assert.notEqual(other.state.why, "");
  other.enter("bob");
  await chat.settle();
  assert.deepEqual([other.state.is, other.name], ["online", "bob"]);
});

test("a registered name asks for its password, and takes another name as well", async () => {
  const ada = await chat.page("ada");
  await done(ada.account("register", "correct horse"));
  assert.equal(ada.registered, true);
  ada.leave();
  await chat.settle();
  const again = await chat.page("ada");
  assert.deepEqual([again.state.is, again.state.secret], ["asking", "password"]);
  again.answer("wrong horses");
  await chat.settle();
  assert.deepEqual([again.state.is, again.state.code], ["asking", "wrong-password"]);
  again.answer("correct horse");
  await chat.settle();
  assert.deepEqual([again.state.is, again.registered], ["online", true]);
  assert.ok(![...again.storage.values.values()].join().includes("correct horse"), "no password is kept");
  const other = await chat.page("ada");
  assert.equal(other.state.is, "asking");
  other.enter("eve");
  await chat.settle();
  assert.equal(other.state.is, "online");
});

test("a password can come with the name, and an account can be made at the door", async () => {
  const ada = chat.tab();
  ada.enter("ada", { password: "correct horse", register: true });
  await chat.settle();
  assert.deepEqual([ada.state.is, ada.registered], ["online", true]);
  const second = chat.tab();
  second.enter("ada", { password: "correct horse" });
  await chat.settle();
  assert.equal(second.state.is, "online");
  ada.say("from the first");
  await chat.settle();
  assert.deepEqual(texts(second.current), ["from the first"], "two tabs are two devices");
  assert.equal(second.current.rows().at(-1).mine, true);
  const devices = await done(second.ask("devices"));
  assert.equal(devices.devices.length, 2);
  await done(second.ask("logout", { device: devices.devices.find((one) => !one.this).device }));
  assert.deepEqual([ada.state.is, ada.state.code, ada.inside], ["ended", "logged-out", false]);
});

test("a new device comes into the rooms of the account once, without being told of it", async () => {
  const ada = chat.tab();
  ada.enter("ada", { password: "correct horse", register: true });
  await chat.settle();
  ada.join("dev");
  await chat.settle();
  const second = chat.tab();
  second.enter("ada", { password: "correct horse" });
  await chat.settle();
  assert.deepEqual(second.rooms.map((room) => [room.title, room.joined]), [["#lobby", true], ["#dev", true]]);
  assert.deepEqual(second.rooms.flatMap((room) => room.rows().map((row) => row.text)), []);
});

test("a request that is refused or lost is told as an error with a sentence", async () => {
  const ada = await chat.page("ada");
  await assert.rejects(done(ada.ask("whois", { name: "nobody" })), (error) => error.code === "no-such-user" && error.message !== "");
  ada.link.socket.isCut = true;
  const lost = assert.rejects(ada.ask("devices"), /connection was lost/);
  await chat.advance(60);
  await lost;
  chat.reachable = false;
  ada.link.broken("gone");
  await assert.rejects(ada.ask("devices"), /no connection now/);
});

test("what is read on one device is read on the other, and again after coming back", async () => {
  const ada = chat.tab();
  ada.enter("ada", { password: "correct horse", register: true });
  await chat.settle();
  const second = chat.tab();
  second.enter("ada", { password: "correct horse" });
  await chat.settle();
  const bob = await chat.page("bob");
  for (const store of [ada, second]) store.look(false);
  bob.say("hello");
  await chat.settle();
  assert.deepEqual([ada.unread, second.unread], [1, 1]);
  ada.look(true);
  await chat.advance(3);
  assert.deepEqual([ada.unread, second.unread], [0, 0]);
});

test("who comes back without the account that they had is told so", async () => {
  const ada = await chat.page("ada");
  ada.link.registered = true; // as if the account was given up meanwhile
  await ada.link.socket.cut();
  await chat.advance(5);
  assert.ok(ada.current.rows().some((row) => row.text === "You are here without an account now."));
});

// What BroadcastChannel does, between the tabs of one browser.
class Channel {
  constructor(all = []) {
    this.all = all;
    all.push(this);
  }

  postMessage(data) {
    for (const other of this.all) if (other !== this) setImmediate(() => other.onmessage({ data }));
  }
}

// A tab of the browser with these others, after the page has begun there.
async function open(others, storage) {
  const { clock } = chat;
  const tabs = new Tabs({ channel: new Channel(others), saved: new Saved(() => storage, ""), clock });
  const begun = tabs.begin();
  await chat.settle();
  return { tabs, begun };
}

const tokenIn = (storage) => chat.tab(storage).link.token;

test("a duplicated tab does not take over the session of the first", async () => {
  const others = [];
  const ada = await chat.page("ada");
  await open(others, ada.storage);
  const copy = new Storage(ada.storage.values);
  await (await open(others, copy)).begun;
  assert.equal(tokenIn(copy), null);
  const copyOfCopy = new Storage(copy.values);
  copyOfCopy.setItem("rooms", "[]");
  await (await open(others, copyOfCopy)).begun;
  assert.equal(copyOfCopy.getItem("rooms"), "null");
  assert.notEqual(tokenIn(ada.storage), null);
});

test("a page that is loaded again goes on at once, and one that has crashed when nobody else answers", async () => {
  const others = [];
  const ada = await chat.page("ada");
  const { tabs } = await open(others, ada.storage);
  tabs.letGo();
  await (await open(others, ada.storage)).begun;
  assert.notEqual(tokenIn(ada.storage), null);
  others.length = 0;
  const { begun } = await open(others, ada.storage);
  await chat.advance(1);
  await begun;
  assert.notEqual(tokenIn(ada.storage), null);
});

test("where the chat is open in another tab is told when its name is taken", async () => {
  const others = [];
  const tab = () => chat.tab(undefined, { tabs: new Tabs({ channel: new Channel(others), clock: chat.clock }) });
  const ada = tab();
  ada.enter("Ada");
  await chat.settle();
  const second = tab();
  second.enter("ada");
  await chat.settle();
  assert.equal(second.state.code, "name-taken");
  assert.match(second.state.why, /open under that name in another tab/);
  const bob = await chat.page("bob");
  const third = tab();
  third.enter(bob.name);
  await chat.settle();
  assert.equal(third.state.code, "name-taken");
  assert.doesNotMatch(third.state.why, /another tab/);
});

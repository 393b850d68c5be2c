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

const conversation = (store, name) => store.find(name, true);

test("a private conversation opens on both sides, unread on the other", async () => {
  const ada = await chat.page("ada");
  const bob = await chat.page("bob");
  const called = [];
  bob.on("called", (room, row) => called.push([room.title, row.text]));
  await type(ada, "/msg bob psst");
  assert.equal(ada.current.title, "@bob");
  assert.deepEqual(texts(ada.current), ["psst"]);
  assert.equal(bob.current.title, "#lobby");
  assert.deepEqual([conversation(bob, "ada").unread, bob.calls], [1, 1]);
  assert.deepEqual(called, [["@ada", "psst"]]);
  await type(ada, "/edit psst!");
  assert.deepEqual([conversation(bob, "ada").unread, conversation(bob, "ada").moreUnread], [1, false]);
  bob.turnTo(conversation(bob, "ada"));
  await type(bob, "what?");
  assert.deepEqual(texts(ada.current), ["psst!", "what?"]);
  await type(ada, "/join dev");
  assert.equal(ada.current.title, "#dev");
  assert.match(shown(bob.current.rows()).at(-1), /bob: what\?/);
});

test("what one does can be said in private", async () => {
  const ada = await chat.page("ada");
  const bob = await chat.text("bob");
  await type(ada, "/msg bob psst");
  await type(ada, "/me waves");
  assert.deepEqual(shown(ada.current.rows()).slice(-1), ["~ ada waves"]);
  assert.ok(bob.lines.includes("~ (private) ada waves"));
});

test("it stays with the user, whatever their name is", async () => {
  const ada = await chat.page("ada");
  const bob = await chat.page("bob");
  await type(ada, "/msg bob psst");
  await type(bob, "/nick robert");
  assert.equal(ada.current.title, "@robert");
  await chat.page("bob");
  await type(ada, "for robert");
  assert.deepEqual(texts(conversation(bob, "ada")), ["psst", "for robert"]);
  assert.equal(ada.rooms.filter((room) => room.private).length, 1);
});

test("who has left is shown as away or gone, and somebody of the name later is another", async () => {
  const ada = await chat.page("ada");
  const bob = await chat.page("bob");
  await type(ada, "/msg bob psst");
  bob.leave();
  await chat.settle();
  assert.equal(ada.current.side, "gone");
  assert.equal(ada.current.title, "@bob (gone)");
  const second = await chat.page("bob");
  await type(second, "/msg ada I am new");
  assert.deepEqual(ada.rooms.map((room) => room.title), ["#lobby", "@bob (gone)", "@bob"]);
  await type(ada, "to the first");
  assert.equal(ada.current.rows().at(-1).kind, "refusal");
  assert.equal(ada.current.input.text, "to the first");
});

test("before anything was said, a name that may be another's now is written to once more only on purpose", async () => {
  const ada = await chat.page("ada");
  const bob = await chat.page("bob");
  ada.open("bob");
  bob.leave();
  await chat.settle();
  assert.equal(ada.current.side, "unsure");
  const other = await chat.page("bob");
  await type(ada, "secret");
  assert.deepEqual([ada.current.input.text, texts(ada.current)], ["secret", []]);
  await type(ada, "secret");
  assert.deepEqual(texts(conversation(other, "ada")), ["secret"]);
});

test("what was said in private while a page was gone is there, and unread", async () => {
  const ada = await chat.page("ada");
  const bob = await chat.page("bob");
  await type(ada, "/msg bob one");
  bob.link.drop();
  await type(ada, "two");
  const again = await chat.reload(bob);
  const room = conversation(again, "ada");
  assert.deepEqual(texts(room), ["one", "two"]);
  assert.equal(room.unread, 2);
  again.turnTo(room);
  await chat.advance(5);
  const third = await chat.reload(again);
  assert.ok(!third.rooms.some((one) => one.unread));
});

test("a page that is loaded again is in the same conversation, and opens none that was closed since", async () => {
  const ada = await chat.page("ada");
  await chat.page("bob");
  await chat.page("cy");
  for (const name of ["bob", "cy"]) await type(ada, `/msg ${name} psst`);
  await type(ada, "/go @bob");
  ada.input.type("half a thou");
  const again = await chat.reload(ada);
  assert.deepEqual(again.rooms.map((room) => room.title), ["#lobby", "@bob", "@cy"]);
  assert.deepEqual([again.current.title, again.current.input.text, texts(again.current)], ["@bob", "half a thou", ["psst"]]);
  await type(again, "thought");
  await type(again, "/leave");
  await again.link.socket.cut();
  await chat.advance(5);
  assert.equal(again.state.is, "online");
  assert.deepEqual(again.rooms.map((room) => room.title), ["#lobby", "@cy"]);
  again.open("bob");
  assert.equal(again.current.input.text, "");
});

test("rooms are in the order in which they are shown: before the conversations", async () => {
  const ada = await chat.page("ada");
  await chat.page("bob");
  await type(ada, "/msg bob psst");
  await type(ada, "/join dev");
  assert.deepEqual(ada.rooms.map((room) => room.title), ["#lobby", "#dev", "@bob"]);
});

test("there is no conversation with somebody who is not there, and the text is given back", async () => {
  const ada = await chat.page("ada");
  await type(ada, "/msg nobody are you there?");
  assert.deepEqual(ada.rooms.map((room) => room.title), ["#lobby"]);
  assert.equal(ada.current.rows().at(-1).kind, "refusal");
  assert.equal(ada.current.input.text, "/msg nobody are you there?");
});

test("a break loses and doubles nothing private", async () => {
  const ada = await chat.page("ada");
  const bob = await chat.page("bob");
  await type(ada, "/msg bob one");
  chat.reachable = false;
  await bob.link.socket.cut();
  await type(ada, "two");
  bob.turnTo(conversation(bob, "ada"));
  await type(bob, "three");
  chat.reachable = true;
  await chat.advance(10);
  assert.deepEqual(texts(conversation(bob, "ada")), ["one", "two", "three"]);
  assert.deepEqual(texts(conversation(ada, "bob")), ["one", "two", "three"]);
});

// Files: in turn, each to where the user was, refused with a sentence each, and stopped.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Sending } from "../../../chat/protocols/web/page/sending.js";
import { RealChat, shown } from "./chat.mjs";

let chat;
let ada;
let sent; // what goes through `put`: [address, file, ...], with what ends it

beforeEach(async () => {
  chat = await RealChat.start();
  ada = await chat.page("ada");
  sent = [];
  ada.features.add("files");
  ada.sending = new Sending(ada, (address, file, signal, progress) => new Promise((resolve, reject) => {
    sent.push({ address, file, progress, resolve, reject });
    signal.onabort = () => reject(signal.reason);
  }));
});

const file = (name) => ({ name, size: 3 });
const names = () => ada.sending.files.map((one) => one.file.name);
const addresses = (...refused) => {
  ada.ask = async (type, { name, ...where }) => {
    if (refused.includes(name)) throw new Error("You may not.");
    return { url: `https://chat.example/some/where/u/${type}-${name}-${JSON.stringify(where)}` };
  };
};

test("files go one after the other, each to where the user was", async () => {
  addresses();
  ada.sending.add([file("a"), file("b")]);
  ada.join("dev");
  ada.sending.add([file("c")]);
  await chat.settle();
  assert.deepEqual(sent.map((one) => one.address), ['u/upload-a-{"room":"lobby","size":3}']);
  sent[0].progress(0.5);
  assert.equal(ada.sending.files[0].part, 0.5);
  assert.deepEqual(names(), ["a", "b", "c"]);
  for (const at of [0, 1, 2]) {
    sent[at].resolve();
    await chat.settle();
  }
  assert.deepEqual(sent.slice(1).map((one) => one.address), ['u/upload-b-{"room":"lobby","size":3}', 'u/upload-c-{"room":"dev","size":3}']);
  assert.deepEqual(names(), []);
});

test("each file that is refused or breaks has its sentence, and the others go on", async () => {
  addresses("b");
  ada.sending.add([file("a"), file("b"), file("c")]);
  await chat.settle();
  sent[0].reject(new Error("The connection broke."));
  await chat.settle();
  sent[1].resolve();
  await chat.settle();
  assert.deepEqual(shown(ada.current.rows()).slice(-2), ["* a was not sent. The connection broke.", "* b was not sent. You may not."]);
  assert.equal(sent[1].file.name, "c");
  assert.deepEqual(names(), []);
});

test("what is stopped is told once, and what is chosen then is sent", async () => {
  addresses();
  ada.sending.add([file("a"), file("b")]);
  await chat.settle();
  ada.sending.stop();
  ada.sending.add([file("c")]);
  await chat.settle();
  assert.deepEqual(shown(ada.current.rows()).slice(-1), ["* You stopped sending a and b."]);
  assert.deepEqual(sent.map((one) => one.file.name), ["a", "c"]);
  assert.deepEqual(names(), ["c"]);
});

test("what the server says of a file is told, and a file begins no conversation", async () => {
  ada.sending.add([file("a")]);
  ada.open("bob");
  ada.sending.add([file("b")]);
  await chat.settle();
  const told = shown(ada.current.rows()).slice(-2);
  assert.match(told[0], /^\* a was not sent\. This chat takes no files/);
  assert.match(told[1], /^\* b was not sent\. Say something to bob first/);
  ada.features.delete("files");
  ada.sending.add([file("c")]);
  assert.deepEqual(shown(ada.current.rows()).slice(-1), ["* This chat takes no files."]);
});

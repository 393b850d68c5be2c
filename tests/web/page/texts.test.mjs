import assert from "node:assert/strict";
import { test } from "node:test";
import { Place } from "../../../chat/protocols/web/page/order.js";
import { mentions } from "../../../chat/protocols/web/page/mentions.js";
import { segments } from "../../../chat/protocols/web/page/rich_text.js";
import { folded, putOut } from "../../../chat/protocols/web/page/sentences.js";
import { ago, clock, day, local } from "../../../chat/protocols/web/page/times.js";
import { read } from "../../../chat/protocols/web/page/wire.js";

const message = { type: "message", id: 5, time: "2026-11-21T09:15:02.114Z", room: "dev", author: "ada", kind: "say", text: "hi" };
const json = (fields) => JSON.stringify({ ...message, ...fields });

test("what the server sends is read, with nothing in place of what it leaves out", () => {
  assert.deepEqual(read(json()), {
    ...message, to: null, with: null, re: null, re_author: null, re_text: null, edited: null, pinned: false, notice: false,
    all: false, reactions: [], file: null, tag: null,
  });
  assert.equal(read(json({ tag: null, unknown: { deep: [1] } })).tag, null);
  const state = '{"type":"room","room":"a","topic":"","users":["__proto__"],"away":{"__proto__":"tea"},"last":0}';
  assert.deepEqual([...read(state).away], [["__proto__", "tea"]]);
  assert.deepEqual([...read('{"type":"stats","figures":{"lines":2.5,"x":[]}}').figures], [["lines", 2.5]]);
});

test("what is of another type or shape is left out, and no more than that", () => {
  const wrong = [
    "", "{", "null", "[]", '"x"', "1", '{"type":1}', '{"type":"__proto__"}', '{"type":"toString"}', '{"type":"reaction","text":"a","count":1}',
    '{"type":"change"}', '{"type":"later"}', json({ id: "5" }), json({ id: -1 }), json({ id: 1.5 }), json({ id: 2 ** 60 }),
    json({ kind: "shout" }), json({ text: null }), json({ author: {} }), json({ pinned: "yes" }), json({ reactions: {} }),
  ];
  for (const one of wrong) assert.equal(read(one), null, one);
  assert.equal(read(json({ file: 1 })).file, null);
  assert.equal(read(json({ file: { name: "a", size: 1, type: "text/plain" } })).file.url, null);
  const history = { type: "history", room: "dev", more: false, messages: [message, { ...message, kind: "shout" }, null, 7] };
  assert.deepEqual(read(JSON.stringify(history)).messages.map((one) => one.id), [5]);
  const changes = [{ type: "deleted", id: 1, room: "dev", by: "ada", time: message.time }, { type: "moved", id: 2 }, message];
  assert.deepEqual(read(JSON.stringify({ ...history, messages: [], changes })).changes.map((one) => one.type), ["deleted"]);
  const rule = { type: "rule", time: message.time, room: "dev", by: "ada", rule: "shine", on: true };
  assert.equal(read(JSON.stringify(rule)), null);
});

test("a name is found as a word, and not in quotes or in other names", () => {
  const found = (text, name = "ada") => mentions(text, [name]).length;
  for (const text of ["ada", "ADA!", "hi ada, you", "@ada", "[ada]", "(ada)", "ada: x", "x\nada"]) assert.equal(found(text), 1, text);
  for (const text of ["adam", "ada-2", "ada.b", "ada|away", "ada[m]", "> ada", "x-ada", "éada", "ada_"]) assert.equal(found(text), 0, text);
  assert.equal(found("こんにちは太郎さん", "太郎"), 1);
  assert.equal(found("a.b a.b", "a.b"), 2);
  assert.equal(found("a+b", "a.b"), 0);
  assert.deepEqual(mentions("x ada y", ["ada"]), [[2, 5]]);
});

test("only http and https are links, without the signs of the sentence, and shown as the browser reads them", () => {
  const links = (text) => segments(text).filter((one) => one.kind === "link").map((one) => one.href);
  assert.deepEqual(links("see https://example.org/a_(b)."), ["https://example.org/a_(b)"]);
  assert.deepEqual(links("(http://example.org/x), <https://a.example>"), ["http://example.org/x", "https://a.example/"]);
  assert.deepEqual(links("http://bücher.example/"), ["http://xn--bcher-kva.example/"]);
  assert.match(segments("http://раура.example/")[0].text, /^http:\/\/xn--/);
  for (const text of [
    "javascript:alert(1)", "data:text/html,x", "ftp://x.example", "https://", "http://bank.example@evil.example/", "xhttps", "file:///etc",
    "java\nscript:x", "http://[::bad", "https:///",
  ]) assert.deepEqual(links(text).filter((one) => !one.startsWith("http://evil")), [], text);
  assert.deepEqual(segments("<b>ada</b>", ["ada"]), [
    { kind: "text", text: "<b>" }, { kind: "mention", text: "ada" }, { kind: "text", text: "</b>" },
  ]);
  const text = "a https://x.example/ada?b=c#d ada";
  assert.deepEqual(segments(text, ["ada"]).map((one) => one.kind), ["text", "link", "text", "mention"]);
  const long = `${"https://x.example/".repeat(200)} ${"(".repeat(2000)}${")".repeat(2000)}`;
  assert.ok(segments(long).length > 0);
});

test("news that comes while the backlog is fetched is shown behind it, once", () => {
  const said = (id) => ({ type: "message", id });
  const edited = { type: "edited", id: 3, rev: 8 };
  const place = new Place(5);
  for (const one of [said(5), said(7), edited]) assert.deepEqual(place.take(one), []);
  assert.deepEqual(place.backlog([said(3), said(5)]), [said(3), said(5), said(7), edited]);
  for (const one of [said(7), edited]) assert.deepEqual(place.take(one), []);
  assert.deepEqual([place.take(said(9)), place.seen, place.newest], [[said(9)], 9, 9]);
  assert.equal(place.take({ type: "reacted", id: 3, rev: null }).length, 1);
  assert.deepEqual(new Place(0).take(said(1)), [said(1)]);
});

test("who comes and goes is told once each", () => {
  const part = (name, what) => ({ name, what, text: `${name} ${what}.` });
  assert.equal(folded([part("bob", "joined"), part("cy", "joined")]), "bob and cy joined.");
  assert.equal(folded([part("bob", "left"), part("bob", "joined")]), "bob left and came back.");
  assert.equal(folded([part("bob", "joined"), part("bob", "left"), part("bob", "joined")]), "bob joined.");
  assert.equal(folded([{ name: "eve", what: "other", text: "eve is now known as eva." }]), "eve is now known as eva.");
});

test("who is put out of a room is told by whom and why, once", () => {
  assert.equal(putOut("#dev", "ada", ""), "You were put out of #dev by ada.");
  assert.equal(putOut("#dev", "ada", "spam"), "You were put out of #dev by ada: spam");
  assert.equal(putOut("#dev", "ada", "#dev was closed by ada."), "#dev was closed by ada.");
});

test("times are written in the user's time zone", () => {
  const date = new Date(2026, 10, 21, 9, 5);
  assert.equal(clock(date), "09:05");
  assert.equal(day(date), "Saturday, 21 November 2026");
  assert.deepEqual([ago(1), ago(59), ago(60), ago(7300), ago(200000)], ["1 second", "59 seconds", "1 minute", "2 hours", "2 days"]);
  assert.ok(local("no time") instanceof Date && !Number.isNaN(local("no time").getTime()));
});

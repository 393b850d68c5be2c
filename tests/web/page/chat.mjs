// What the tests of the page's modules stand on: a real chat in memory (real_chat.py), a clock that only the test moves,
// and tabs that open the page's Store on them.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { after } from "node:test";
import { fileURLToPath } from "node:url";
import { Store } from "../../../chat/protocols/web/page/store.js";
import { Saved } from "../../../chat/protocols/web/page/tab.js";

const script = fileURLToPath(new URL("real_chat.py", import.meta.url));
const desk = spawn(process.env.PYTHON ?? "python3", [script], { stdio: ["pipe", "pipe", "inherit"] });
const lines = createInterface({ input: desk.stdout });
after(() => desk.stdin.end());

const START = Date.parse("2026-11-21T09:15:02.114Z");

// A clock that stands still until the test moves it.
export class Clock {
  constructor() {
    this.time = 0;
    this.timers = new Map();
    this.ids = 0;
  }

  now() {
    return this.time;
  }

  date() {
    return new Date(START + this.time);
  }

  setTimeout(then, delay) {
    this.timers.set(++this.ids, { at: this.time + delay, then });
    return this.ids;
  }

  clearTimeout(id) {
    this.timers.delete(id);
  }

  // Returns the time of the next timer that is due by then.
  next(end) {
    const due = [...this.timers.values()].map((one) => one.at).filter((at) => at <= end);
    return due.length ? Math.min(...due) : null;
  }

  moveTo(time) {
    this.time = Math.max(this.time, time);
    for (const [id, timer] of this.timers) {
      if (timer.at > this.time) continue;
      this.timers.delete(id);
      timer.then();
    }
  }
}

// The storage of one tab.
export class Storage {
  constructor(values = new Map()) {
    this.values = new Map(values);
  }

  getItem(name) {
    return this.values.get(name) ?? null;
  }

  setItem(name, value) {
    this.values.set(name, value);
  }

  removeItem(name) {
    this.values.delete(name);
  }
}

export class RealChat {
  constructor() {
    this.clock = new Clock();
    this.sockets = new Map();
    this.waiting = [];
    this.reachable = true;
    this.people = new Map();
  }

  // Begins a new chat.
  static async start() {
    const chat = new RealChat();
    await chat.do("begin", "");
    return chat;
  }

  async do(what, who, value = null) {
    const answer = once(lines, "line");
    desk.stdin.write(`${JSON.stringify([what, who, value])}\n`);
    const { received, closed } = JSON.parse((await answer)[0]);
    for (const [who, news] of Object.entries(received)) {
      for (const line of news) this.sockets.get(who)?.receive(line);
    }
    for (const who of closed) this.sockets.get(who)?.lost();
  }

  // Lets everything happen that needs no time to pass.
  async settle() {
    for (let idle = 0; idle < 2; idle += 1) {
      while (this.waiting.length) {
        idle = 0;
        await this.do(...this.waiting.shift());
      }
      await new Promise(setImmediate);
      this.clock.moveTo(this.clock.time);
    }
  }

  async advance(seconds) {
    await this.settle();
    const end = this.clock.time + seconds * 1000;
    for (;;) {
      const next = Math.max(this.clock.next(end) ?? end, this.clock.time);
      const step = next - this.clock.time;
      this.clock.moveTo(next);
      if (step) await this.do("advance", "", step / 1000);
      await this.settle();
      if (next >= end && this.clock.next(end) === null) return;
    }
  }

  openSocket() {
    const id = `s${this.sockets.size + 1}`;
    const socket = new Socket(this, id);
    this.sockets.set(id, socket);
    if (this.reachable) this.waiting.push(["open", id]);
    else setImmediate(() => socket.lost());
    return socket;
  }

  // Opens the page in a tab: the Store, with what the tab has kept.
  tab(storage = new Storage(), options = {}) {
    const store = new Store({
      openSocket: () => this.openSocket(),
      clock: this.clock,
      random: () => 0.5 + this.sockets.size / 1000 + (this.tabs = (this.tabs ?? 0) + 1) / 1e6,
      saved: new Saved(() => storage, ""),
      ...options,
    });
    store.storage = storage;
    return store;
  }

  // Loads the page of a tab again. What it had sent gets lost, if `isCut`.
  async reload(store, { isCut = false } = {}) {
    const { link } = store;
    if (isCut) this.waiting = this.waiting.filter(([, who]) => who !== link.socket?.id);
    link.drop();
    link.state = { is: "outside" }; // nothing of that page goes on
    await this.settle();
    const again = this.tab(new Storage(store.storage.values));
    again.reconnect();
    await this.settle();
    return again;
  }

  // A user who comes in with a page, and is there.
  async page(name, rooms = ["lobby"]) {
    const store = this.tab();
    store.enter(name, { rooms });
    await this.settle();
    return store;
  }

  // A user who types into netcat.
  async text(name) {
    const socket = this.openSocket();
    const lines = [];
    socket.receive = (line) => lines.push(line);
    const person = {
      lines,
      say: async (...said) => {
        for (const line of said) socket.send(line);
        await this.settle();
      },
    };
    await person.say(name);
    return person;
  }
}

class Socket {
  constructor(chat, id) {
    Object.assign(this, { chat, id, open: false });
    this.isCut = false; // nothing arrives any more, in either direction, and nobody is told
    this.isDeaf = false; // what the server sends gets lost
  }

  receive(line) {
    if (this.isCut || this.isDeaf) return;
    if (!this.open) {
      this.open = true;
      this.onopen?.();
    }
    this.onmessage?.({ data: line });
  }

  send(text) {
    if (!this.isCut && !this.isLost) this.chat.waiting.push(["send", this.id, text]);
  }

  close() {
    if (!this.isLost) this.chat.waiting.push(["cut", this.id]);
    this.isLost = true;
  }

  lost() {
    if (this.isLost) return;
    this.isLost = true;
    this.onclose?.({});
  }

  // Breaks the connection, as a network does that both ends notice.
  async cut() {
    this.isCut = true;
    await this.chat.do("cut", this.id);
    this.lost();
    await this.chat.settle();
  }
}

// What a row says, as text: "ada: hello".
export function shown(rows) {
  return rows.map((row) => {
    if (row.kind === "say") return `${row.author}: ${row.text}`;
    if (row.kind === "action") return `~ ${row.author} ${row.text}`;
    return row.kind === "unread" ? "-- unread --" : `* ${row.text}`;
  });
}

export const texts = (room) => room.rows().filter((row) => row.kind === "say" || row.kind === "action").map((row) => row.text);

// Whatever happens to the connections, all see the same messages in the same order, each of them once.

import assert from "node:assert/strict";
import { test } from "node:test";
import { RealChat, shown } from "./chat.mjs";

// Numbers that are the same in each run.
function chance(seed) {
  let state = seed;
  return (most) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * most);
  };
}

const messages = (room) => shown(room.rows().filter((row) => row.kind === "say" && !row.unsent)).map((text, index) => text + index);

for (let seed = 1; seed <= 6; seed += 1) {
  test(`nothing is lost or doubled (${seed})`, async () => {
    const pick = chance(seed);
    const chat = await RealChat.start();
    const stores = [await chat.page("ada", ["dev"]), await chat.page("bob", ["dev"])];
    let said = 0;
    for (let step = 0; step < 60; step += 1) {
      const who = pick(2);
      const store = stores[who];
      const { link } = store;
      const isUsual = ["online", "waiting"].includes(store.state.is);
      switch (pick(9)) {
        case 0: // both ends notice
          if (link.socket) await link.socket.cut();
          break;
        case 1: // what is on the way is lost, and the page notices by its pings
          if (link.socket) link.socket[pick(2) ? "isCut" : "isDeaf"] = true;
          break;
        case 2: // the page is loaded again while something is on the way
          if (isUsual && link.token) stores[who] = await chat.reload(store, { isCut: pick(2) === 0 });
          break;
        case 3:
          chat.reachable = !chat.reachable;
          break;
        case 4:
          await chat.advance(1 + pick(15));
          break;
        case 5: {
          const own = store.find("dev")?.newest((line) => line.mine);
          if (own) store.attempt(() => store.post("edit", { id: own.id, text: `${own.text}!` }));
          break;
        }
        case 6: {
          const other = store.find("dev")?.newest((line) => !line.mine);
          if (other) store.react(other, "👍");
          break;
        }
        default:
          if (store.current) store.attempt(() => store.say(`${said++}`));
      }
      if (pick(2)) await chat.settle();
    }
    chat.reachable = true;
    await chat.advance(45);
    await chat.advance(45);
    for (const store of stores) assert.deepEqual([store.state.is, store.link.outbox.size], ["online", 0]);
    const [ada, bob] = stores.map((store) => store.find("dev"));
    assert.deepEqual(messages(ada), messages(bob));
    const numbers = messages(ada).map((text) => Number.parseInt(text.split(": ")[1], 10));
    assert.equal(new Set(ada.lines.filter((line) => line.kind === "say").map((line) => line.id)).size, numbers.length);
    const facts = (room) => room.lines.filter((line) => line.kind === "say").map((line) => [line.id, line.edited, line.reactions.map((one) => one.count)]);
    assert.deepEqual(facts(ada), facts(bob));
    assert.equal(numbers.length, said);
  });
}

import { expect, test } from "vitest";
import { Turns } from "../../../../src/http/servers/turns.ts";

const aTurn = () => new Promise((resolve) => setImmediate(resolve));

function world() {
  const turns = new Turns<object>();
  const begun: string[] = [];
  const over = new Set<string>();
  /** Begins as the server does: at once where that is allowed. */
  const come = (key: object, name: string) => {
    const begin = () => void begun.push(name);
    if (turns.mayBegin(key)) return begin();
    turns.wait(key, {
      begin,
      get isOver() {
        return over.has(name);
      },
    });
  };
  const comeAll = (key: object, prefix: string, count: number) => {
    for (let at = 0; at < count; at++) come(key, `${prefix}${at}`);
  };
  return { turns, begun, over, come, comeAll };
}

const named = (prefix: string, count: number, from = 0) =>
  Array.from({ length: count }, (_, at) => `${prefix}${from + at}`);

test("A-72: a connection's first requests begin at once, and the rest some at a time, in their order", async () => {
  const { begun, comeAll } = world();
  comeAll({}, "a", 100);
  expect(begun).toEqual(named("a", 16));
  await aTurn();
  expect(begun).toEqual(named("a", 80));
  await aTurn();
  expect(begun).toEqual(named("a", 100));
});

test("A-72: who comes while another's requests wait is begun before them", async () => {
  const { begun, come, comeAll } = world();
  comeAll({}, "flood", 1_000);
  come({}, "honest");
  expect(begun).toEqual([...named("flood", 16), "honest"]);
});

test("A-72: those who wait share each turn evenly, and nobody is passed over", async () => {
  const { begun, comeAll } = world();
  const flood = {};
  comeAll(flood, "flood", 1_000);
  comeAll({}, "honest", 40);
  begun.length = 0;
  await aTurn();
  expect(begun.filter((name) => name.startsWith("honest"))).toEqual(named("honest", 24, 16));
  expect(begun).toHaveLength(64);
  let turns = 1;
  for (; begun.length < 1_000 - 16 + 24 && turns < 100; turns++) await aTurn();
  expect(begun.filter((name) => name.startsWith("flood"))).toEqual(named("flood", 984, 16));
});

test("a request does not overtake those of its own connection that wait", async () => {
  const { begun, come, comeAll } = world();
  const connection = {};
  comeAll(connection, "a", 200);
  await aTurn();
  come(connection, "late");
  for (let turn = 0; turn < 5; turn++) await aTurn();
  expect(begun).toEqual([...named("a", 200), "late"]);
});

test("A-71: what is over before its turn is not begun, and takes no turn of others", async () => {
  const { begun, over, comeAll } = world();
  comeAll({}, "a", 5_000);
  for (const name of named("a", 4_900, 16)) over.add(name);
  await aTurn();
  expect(begun).toEqual([...named("a", 16), ...named("a", 64, 4_916)]);
});

test("A-71: what is ended by another that begins in the same turn is not begun", async () => {
  const { turns, begun, over, comeAll } = world();
  const connection = {};
  comeAll(connection, "a", 16);
  turns.wait(connection, { begin: () => void over.add("b1"), isOver: false });
  comeAll(connection, "b", 3);
  await aTurn();
  expect(begun).toEqual([...named("a", 16), "b0", "b2"]);
});

test("nothing is kept of a connection that has ended, and nothing of it begins", async () => {
  const { turns, begun, comeAll } = world();
  const [gone, other] = [{}, {}];
  comeAll(gone, "gone", 500);
  comeAll(other, "other", 50);
  turns.forget(gone);
  for (let turn = 0; turn < 5; turn++) await aTurn();
  expect(begun).toEqual([...named("gone", 16), ...named("other", 50)]);
});

test("a connection that begins little never waits", async () => {
  const { begun, comeAll } = world();
  const connection = {};
  for (let turn = 0; turn < 10; turn++) {
    comeAll(connection, `turn ${turn}: `, 4);
    expect(begun).toHaveLength(4 * (turn + 1));
    await aTurn();
  }
});

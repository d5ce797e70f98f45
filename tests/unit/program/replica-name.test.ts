import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { lastingReplicaName } from "../../../src/program/replica-name.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

let state: ReturnType<typeof temporaryDirectory>;
beforeEach(() => {
  state = temporaryDirectory();
});
afterEach(() => state[Symbol.dispose]());

const file = () => join(state.path, "gateway", "replica-name");
const put = (text: string) => {
  mkdirSync(join(state.path, "gateway"));
  writeFileSync(file(), text);
};

test("a name is made once, after the machine's, and kept for its owner alone", async () => {
  const name = await lastingReplicaName(state.path, "Ada-PC.home.example");
  expect(name).toMatch(/^ada-pc-[0-9a-f]{8}$/);
  expect(await lastingReplicaName(state.path, "another")).toBe(name);
  expect(readFileSync(file(), "utf8")).toBe(`${name}\n`);
  expect(statSync(file()).mode & 0o777).toBe(0o600);
  expect(statSync(join(state.path, "gateway")).mode & 0o777).toBe(0o700);
});

test.each([
  ["", /^gateway-[0-9a-f]{8}$/],
  [".", /^gateway-/],
  ["--", /^gateway-/],
  ["été", /^t-/],
  ["a b_c", /^a-b-c-/],
  ["x".repeat(300), /^x{40}-[0-9a-f]{8}$/],
])("a machine called %j has one too", async (hostname, expected) => {
  expect(await lastingReplicaName(state.path, hostname)).toMatch(expected);
});

test("two machines of one name have different ones", async () => {
  using other = temporaryDirectory();
  expect(await lastingReplicaName(state.path, "a")).not.toBe(await lastingReplicaName(other.path, "a"));
});

test("all that start at once get the same name, and leave nothing beside it", async () => {
  const names = await Promise.all(Array.from({ length: 20 }, (_, at) => lastingReplicaName(state.path, `host-${at}`)));
  expect(new Set(names).size).toBe(1);
  expect(readdirSync(join(state.path, "gateway"))).toEqual(["replica-name"]);
});

test("a name that somebody wrote there is taken", async () => {
  put("  eu-1\n");
  expect(await lastingReplicaName(state.path, "a")).toBe("eu-1");
});

test.each(["", "a b", "x".repeat(64), "é"])("a file that holds %j is refused, and left as it is", async (text) => {
  put(text);
  await expect(lastingReplicaName(state.path, "a")).rejects.toThrow(
    `${file()} holds no name; remove it, or set OPENSHELL_REPLICA_NAME`,
  );
  expect(readFileSync(file(), "utf8")).toBe(text);
});

test("where nothing can be kept, it says what to do", async () => {
  writeFileSync(join(state.path, "gateway"), "not a directory");
  await expect(lastingReplicaName(state.path, "a")).rejects.toThrow(
    "this gateway's name cannot be kept; set OPENSHELL_REPLICA_NAME",
  );
});

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createProcessTable } from "../../../../src/compute/process/process-table.ts";

test("a process is itself, until it ends", async () => {
  const table = createProcessTable();
  const child = spawn("sleep", ["1000"]);
  const identity = table.identify(child.pid!)!;
  expect(identity).toMatchObject({ pid: child.pid, commandLine: "sleep\x001000\0" });
  expect(table.isRunning(identity)).toBe(true);
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(table.isRunning(identity)).toBe(false);
  expect(table.identify(child.pid!)).toBeUndefined();
});

test("a process's children are known, with the session that they are in", async () => {
  const table = createProcessTable();
  const child = spawn("sleep", ["1000"], { detached: true });
  expect(table.childrenOf(process.pid)).toContainEqual(expect.objectContaining({ pid: child.pid, session: child.pid }));
  expect(await table.all()).toContainEqual(expect.objectContaining({ pid: child.pid, session: child.pid }));
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(await table.all()).not.toContainEqual(expect.objectContaining({ pid: child.pid }));
});

test("a name that looks like fields does not deceive, and a zombie has ended", () => {
  const root = mkdtempSync(join(tmpdir(), "proc-"));
  const put = (pid: number, name: string, state: string) => {
    mkdirSync(join(root, String(pid)));
    const fields = [pid, `(${name})`, state, 1, pid, 42, ...Array(15).fill(0), 777, 0];
    writeFileSync(join(root, String(pid), "stat"), `${fields.join(" ")}\n`);
    writeFileSync(join(root, String(pid), "cmdline"), "x\0");
  };
  mkdirSync(join(root, "sys/kernel/random"), { recursive: true });
  writeFileSync(join(root, "sys/kernel/random/boot_id"), "boot\n");
  put(7, "a) Z 1 2 3 (b", "S");
  put(8, "z", "Z");
  const table = createProcessTable(root);
  expect(table.identify(7)).toEqual({ pid: 7, startTime: "777", bootId: "boot", commandLine: "x\0" });
  expect(table.identify(8)).toBeUndefined();
  rmSync(root, { recursive: true });
});

test("without a process list nobody is known", async () => {
  const table = createProcessTable("/nowhere");
  expect(table.identify(1)).toBeUndefined();
  expect(await table.all()).toEqual([]);
  expect(table.childrenOf(process.pid)).toEqual([]);
});

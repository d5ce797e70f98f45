import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Shell, shells } from "../../../../src/cli/completions/index.ts";
import { newHome } from "../run-program.ts";

const scripts = new Map<Shell, string>();
let directory: string;
const fileOf = (shell: Shell) => join(directory, `openshell.${shell}`);

const installed = (shell: Shell) => spawnSync(shell, ["-c", "exit 0"]).status === 0;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "openshell-completions-"));
  await using user = newHome();
  for (const shell of shells) {
    const { code, stdout, stderr } = await user.openshell(["completions", shell]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    scripts.set(shell, stdout);
    writeFileSync(fileOf(shell), stdout);
  }
});
afterAll(() => rmSync(directory, { recursive: true }));

test.each(shells)("the %s script knows every command and the choices of options", (shell) => {
  const script = scripts.get(shell);
  for (const word of ["whoami", "select", "delete", "all-workspaces", "gateway-endpoint", "approval-mode", "manual"]) {
    expect(script).toContain(word);
  }
});

describe.each(shells.filter((shell) => !installed(shell)))("%s is not on this machine", (shell) => {
  test.skip(`the ${shell} script is not run`);
});

test.each(shells.filter(installed))("%s accepts its script", (shell) => {
  expect(execFileSync(shell, ["-n", fileOf(shell)], { encoding: "utf8", stdio: "pipe" })).toBe("");
});

/** The words typed so far, the last one unfinished; what may take its place. */
const expectations: [line: string[], offered: string[]][] = [
  [["s"], ["sandbox", "status"]],
  [
    ["sandbox", ""],
    ["create", "delete", "get", "list", "revoke", "start", "stop"],
  ],
  [["-g", "sandbox", "gateway", "s"], ["select"]],
  [
    ["sandbox", "list", "--o"],
    ["--offset", "--output"],
  ],
  [["--workspace", "x", "sandbox", "list", "-o", "j"], ["json"]],
  [
    ["sandbox", "create", "--approval-mode", ""],
    ["auto", "manual"],
  ],
  [["completions", "z"], ["zsh"]],
  [["sandbox", "create", "--", "sandbox", "--o"], []],
];

test.runIf(installed("bash")).each(expectations)("bash completes %j with %j", (line, offered) => {
  const words = ["openshell", ...line].map((word) => `'${word}'`).join(" ");
  const script = `source ${fileOf("bash")}; COMP_WORDS=(${words}); COMP_CWORD=${line.length}; _openshell; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const output = execFileSync("bash", ["--norc", "-c", script], { encoding: "utf8" });
  expect(output.split("\n").filter(Boolean).toSorted()).toEqual(offered);
});

test.runIf(installed("bash"))("bash completes behind an equals sign, which it takes for a word", () => {
  const script = `source ${fileOf("bash")}; COMP_WORDS=(openshell status --output = y); COMP_CWORD=4; _openshell; echo "\${COMPREPLY[@]}"`;
  expect(execFileSync("bash", ["--norc", "-c", script], { encoding: "utf8" })).toBe("yaml\n");
});

const fish: Shell = "fish";

test.runIf(installed(fish)).each(expectations)("fish completes %j with %j", (line, offered) => {
  const script = `source ${fileOf(fish)}; complete -C 'openshell ${line.join(" ")}'`;
  const output = execFileSync(fish, ["--no-config", "-c", script], { encoding: "utf8", cwd: directory });
  const words = output
    .split("\n")
    .map((text) => text.split("\t")[0])
    .filter(Boolean);
  expect(words.toSorted()).toEqual(offered);
});

import { closeSync, openSync } from "node:fs";
import { mkdtemp, readdir, readFile, readlink, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { ReportMainProcessExitRequest } from "../../../gen/openshell/v1/supervisor_pb.ts";
import { madeToken } from "./made-token.ts";
import { Program } from "./program.ts";
import { RunningSupervisor } from "./running-supervisor.ts";
import { sandboxId } from "./sandbox-id.ts";
import { TestGateway } from "./test-gateway.ts";
import { until } from "./until.ts";

const isRoot = process.getuid?.() === 0;
let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "main-process-"));
});
afterEach(() => rm(directory, { recursive: true }));

/** A gateway that keeps what was reported of main processes. */
async function reporting() {
  const exits: ReportMainProcessExitRequest[] = [];
  const gateway = await TestGateway.start({
    reportMainProcessExit: (report) => {
      exits.push(report);
      return {};
    },
  });
  return { gateway, exits };
}

const run = (endpoint: string, script: string, environment = {}, flags: string[] = []) =>
  new RunningSupervisor({ endpoint, environment, argv: [...flags, "--", "sh", "-c", script] });

test("P4: the command inherits no variable, no descriptor and no user of the supervisor", async () => {
  await using gateway = await TestGateway.start();
  const token = madeToken();
  const file = join(directory, "sandbox.jwt");
  await writeFile(file, token, { mode: 0o400 });
  const secret = openSync(file, "r");
  const environment = {
    PATH: process.env["PATH"] ?? "",
    OPENSHELL_ENDPOINT: gateway.url,
    OPENSHELL_SANDBOX_ID: sandboxId,
    OPENSHELL_SANDBOX_TOKEN: token,
    OPENSHELL_SANDBOX_TOKEN_FILE: file,
    OPENSHELL_K8S_SA_TOKEN_FILE: file,
    OPENSHELL_USER_ENVIRONMENT: JSON.stringify({ EDITOR: "vi", OPENSHELL_SANDBOX_TOKEN: token }),
    OPENSHELL_LOG_LEVEL: "info",
    UNRELATED: token,
  };
  // Descriptors that whoever starts the supervisor left open, low and high.
  const script = `exec 7<${file} 200<${file}; exec "$@"`;
  await using program = new Program(["--", "sleep", "60"], environment, ["bash", "-c", script, "bash"]);
  closeSync(secret);
  await until(() => program.stderr.includes("the main process runs"));
  const pid = Number(/"message":"the main process runs","pid":(\d+)/.exec(program.stderr)?.[1]);
  const proc = `/proc/${pid}`;

  const variables = (await readFile(`${proc}/environ`, "utf8")).split("\0").filter(Boolean);
  expect(variables.map((variable) => variable.split("=")[0]).sort()).toEqual(["EDITOR", "HOME", "LANG", "PATH"]);
  expect(variables.join()).not.toContain(token.slice(40, 80));

  expect((await readdir(`${proc}/fd`)).sort()).toEqual(["0", "1", "2"]);
  expect(await readlink(`${proc}/fd/0`)).toBe("/dev/null");
  for (const output of ["1", "2"]) expect(await readlink(`${proc}/fd/${output}`)).toMatch(/^(socket|pipe):/);

  const status = await readFile(`${proc}/status`, "utf8");
  const field = (name: string) => new RegExp(`^${name}:[\\t ]*(.*?) *$`, "m").exec(status)?.[1];
  if (isRoot) {
    expect(field("Uid")).toBe("65534\t65534\t65534\t65534");
    expect(field("Gid")).toBe("65534\t65534\t65534\t65534");
    expect(field("Groups")).toMatch(/^(65534)?$/);
    expect(field("CapEff")).toMatch(/^0+$/);
    expect(field("CapPrm")).toMatch(/^0+$/);
  } else {
    expect(field("Uid")?.split("\t")[0]).toBe(String(process.getuid?.()));
  }
});

test.runIf(isRoot)("P4: the command can read neither the supervisor's environment nor its token file", async () => {
  await using gateway = await TestGateway.start();
  const file = join(directory, "sandbox.jwt");
  await writeFile(file, madeToken(), { mode: 0o400 });
  const script = `cat /proc/$PPID/environ ${file}; ls /proc/$PPID/fd; echo over`;
  await using running = run(gateway.url, script, { OPENSHELL_SANDBOX_TOKEN_FILE: file });
  await until(() => running.stdout.includes("over"));
  expect(running.stdout.match(/Permission denied/g)).toHaveLength(3);
});

test.runIf(isRoot)("the command runs as the configured user", async () => {
  await using gateway = await TestGateway.start();
  const environment = { OPENSHELL_SANDBOX_UID: "1500", OPENSHELL_SANDBOX_GID: "1501" };
  const running = run(gateway.url, "id -u; id -g; id -G", environment);
  expect(await running.exit).toBe(0);
  expect(running.stdout).toBe("1500\n1501\n1501\n");
});

test.each([
  ["exit 0", 0],
  ["exit 3", 3],
  ["kill -KILL $$", 137],
  ["kill -TERM $$", 143],
])("%j is reported and ends the supervisor with %i", async (script, code) => {
  const { gateway, exits } = await reporting();
  await using _ = gateway;
  expect(await run(gateway.url, script).exit).toBe(code);
  expect(exits).toMatchObject([{ sandboxId, exitCode: code }]);
});

test("a command that is not there exits with 127", async () => {
  const { gateway, exits } = await reporting();
  await using _ = gateway;
  const running = new RunningSupervisor({ endpoint: gateway.url, argv: ["--", "/not/there"] });
  expect(await running.exit).toBe(127);
  expect(exits[0]?.exitCode).toBe(127);
});

test.each([
  ["a file that is not a program", [], "/etc/passwd"],
  ["a working directory that is a file", ["--workdir", "/etc/passwd"], "true"],
])("%s exits with 126", async (_name, flags, program) => {
  const { gateway, exits } = await reporting();
  await using _ = gateway;
  const running = new RunningSupervisor({ endpoint: gateway.url, argv: [...flags, "--", program] });
  expect(await running.exit).toBe(126);
  expect(exits[0]?.exitCode).toBe(126);
  expect(running.stderr).toContain("the main process could not be started");
});

test("a command that runs longer than it may is ended, with 124", async () => {
  const { gateway, exits } = await reporting();
  await using _ = gateway;
  expect(await run(gateway.url, "sleep 60 & sleep 60", {}, ["--timeout", "1"]).exit).toBe(124);
  expect(exits[0]?.exitCode).toBe(124);
});

test("a supervisor that is told to end takes the command and all that it started along, however stubborn", async () => {
  await using gateway = await TestGateway.start();
  const running = run(gateway.url, "trap '' TERM; sleep 60 & echo $$ $!; while :; do sleep 1; done");
  await until(() => running.stdout.includes("\n"));
  const pids = running.stdout.trim().split(" ").map(Number);
  expect(await running.stop()).toBe(0);
  await until(() => pids.every((pid) => !isAlive(pid)));
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test("an exit is reported until the gateway has it", async () => {
  let failures = 2;
  await using gateway = await TestGateway.start({
    reportMainProcessExit: () => {
      failures -= 1;
      if (failures >= 0) throw new ConnectError("later", Code.Unavailable);
      return {};
    },
  });
  expect(await run(gateway.url, "exit 4").exit).toBe(4);
  expect(gateway.count("ReportMainProcessExit")).toBe(3);
});

test("a gateway that does not know the report keeps nobody waiting", async () => {
  await using gateway = await TestGateway.start({
    reportMainProcessExit: () => {
      throw new ConnectError("not built", Code.Unimplemented);
    },
  });
  const running = run(gateway.url, "exit 4");
  expect(await running.exit).toBe(4);
  expect(gateway.count("ReportMainProcessExit")).toBe(1);
  expect(running.stderr).toContain("the gateway does not take the main process's exit");
});

test("a supervisor without a command keeps its session until it is told to end", async () => {
  await using gateway = await TestGateway.start();
  const environment = { OPENSHELL_ENDPOINT: gateway.url, OPENSHELL_SANDBOX_ID: sandboxId };
  await using program = new Program([], { ...environment, OPENSHELL_SANDBOX_TOKEN: madeToken() });
  await until(() => gateway.count("ConnectSupervisor") === 1 && gateway.count("ReportPolicyStatus") === 1);
  program.child.kill("SIGTERM");
  expect(await program.exited).toBe(0);
  expect(program.stderr).toBe("");
});

test("wrong settings end the program with 2 and one line", async () => {
  await using program = new Program([], { OPENSHELL_ENDPOINT: "nowhere", OPENSHELL_SANDBOX_ID: sandboxId });
  expect(await program.exited).toBe(2);
  expect(program.stderr).toMatch(/^openshell-sandbox: OPENSHELL_[A-Z_]+ .+; expected .+\n$/);
});

test("--help says how to use it, and is for the command where it stands after --", async () => {
  await using program = new Program(["--help"], {});
  expect(await program.exited).toBe(0);
  expect(program.stdout).toContain("Usage: openshell-sandbox");
});

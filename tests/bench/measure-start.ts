import { spawn } from "node:child_process";
import { once } from "node:events";
import { get } from "node:http";
import { join } from "node:path";
import { build, distribution } from "../../scripts/build-programs.ts";
import { freePort } from "../support/free-port.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { median } from "./percentiles.ts";
import type { Plan } from "./plan.ts";
import { cpuSeconds, residentBytes } from "./process-figures.ts";

/** The gateway as the package's program, as it is started by people and service managers. */
export interface StartFigures {
  /** From spawning the program to the first good answer of `/readyz`, with keys and database there; the median. */
  readonly readyMs: number;
  /** CPU time that it used until then, in milliseconds; the median. It says more than the time where others use the machine. */
  readonly readyCpuMs: number;
  /** The first start, which makes both, and for which nothing compiled is kept yet. */
  readonly firstReadyMs: number;
  /** Resident memory some seconds after the start, without a forced collection. */
  readonly idleBytes: number;
}

const program = join(distribution, "openshell-gateway.js");
const pollMs = 2;
const longestStartMs = 20_000;
const idleAfterMs = 3_000;

/** Builds the programs anew, so that they are those of the sources, and starts them in a home of their own. */
export async function measureStart({ starts }: Plan): Promise<StartFigures> {
  await build();
  using directory = temporaryDirectory();
  const first = await startProgram(directory.path, 0);
  const all: Started[] = [];
  for (let at = 0; at < starts; at++) all.push(await startProgram(directory.path, at === 0 ? idleAfterMs : 0));
  return {
    readyMs: median(all.map(({ readyMs }) => readyMs)),
    readyCpuMs: median(all.map(({ cpuMs }) => cpuMs)),
    firstReadyMs: first.readyMs,
    idleBytes: all[0]?.bytes ?? Number.NaN,
  };
}

interface Started {
  readonly readyMs: number;
  readonly cpuMs: number;
  readonly bytes: number;
}

async function startProgram(state: string, idleMs: number): Promise<Started> {
  const port = await freePort();
  const started = performance.now();
  const child = spawn(process.execPath, [program, "--dev", "--port", String(port), "--state-dir", state], {
    env: { PATH: process.env["PATH"], HOME: state },
    stdio: "ignore",
  });
  const ended = once(child, "exit");
  try {
    while (!(await isReady(port))) {
      if (child.exitCode !== null) throw new Error(`the gateway ended with code ${child.exitCode}`);
      if (performance.now() - started > longestStartMs) throw new Error("the gateway did not get ready");
      await pause(pollMs);
    }
    const readyMs = performance.now() - started;
    const cpuMs = 1_000 * cpuSeconds(child.pid ?? 0);
    await pause(idleMs);
    return { readyMs, cpuMs, bytes: residentBytes(child.pid ?? 0) };
  } finally {
    child.kill();
    await ended;
  }
}

function isReady(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get({ host: "127.0.0.1", port, path: "/readyz", agent: false }, (answer) => {
      answer.resume().on("end", () => resolve(answer.statusCode === 200));
    });
    request.on("error", () => resolve(false));
  });
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

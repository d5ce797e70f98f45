import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type ComputeDriver,
  createProcessDriver,
  type DriverEvent,
  type SandboxSpec,
} from "../../src/compute/index.ts";
import type { systemClock } from "../../src/core/clock.ts";
import { newSandboxId, type SandboxId } from "../../src/core/ids.ts";
import { silentLog } from "../../src/core/log.ts";
import { Secret } from "../../src/core/secret.ts";
import { FakeClock } from "../support/fake-clock.ts";

/** What the small supervisor of these tests tells of itself when it has started. */
export interface Started {
  readonly pid: number;
  readonly token: string;
  readonly environment: Readonly<Record<string, string>>;
  /** A job of a shell with job control that it started: in a group of its own, within the supervisor's session or not. */
  readonly job: number | undefined;
}

const program = `
import { spawn } from "node:child_process";
import { appendFileSync, readFileSync } from "node:fs";
const { MODE = "", JOURNAL } = JSON.parse(process.env.OPENSHELL_USER_ENVIRONMENT);
const token = readFileSync(process.env.OPENSHELL_SANDBOX_TOKEN_FILE, "utf8");
process.on("SIGTERM", () => { if (!MODE.includes("stubborn")) process.exit(0); });
const job = MODE.includes("job") ? spawn("bash", ["-mc", "sleep 1000 & echo $!; wait"], { stdio: ["ignore", "pipe", "inherit"], detached: MODE.includes("apart") }) : undefined;
const tell = (pid) => appendFileSync(JOURNAL, JSON.stringify({ pid: process.pid, token, environment: process.env, job: pid }) + "\\n");
if (job) job.stdout.once("data", (line) => tell(Number(line))); else tell();
console.log("the supervisor speaks");
setInterval(() => MODE.includes("chatty") && console.log("still here"), 20);
`;

/** A driver over a directory of its own, with a supervisor that writes down what it sees. */
export class Fixture implements AsyncDisposable {
  readonly clock: FakeClock;
  readonly events: DriverEvent[] = [];
  readonly renewed: SandboxId[] = [];
  readonly directory: string;
  driver: ComputeDriver;
  renew: (id: SandboxId) => Promise<void> = async (id) => {
    this.renewed.push(id);
    await this.driver.deliverToken(id, new Secret(`renewed-${this.renewed.length}`));
  };
  command: readonly string[];

  static async make(): Promise<Fixture> {
    const directory = await mkdtemp(join(tmpdir(), "process-driver-"));
    await writeFile(join(directory, "supervisor.mjs"), program);
    return new Fixture(directory);
  }

  private constructor(directory: string) {
    this.directory = directory;
    this.clock = new FakeClock();
    this.command = [process.execPath, join(directory, "supervisor.mjs")];
    this.driver = this.open();
  }

  get stateDir(): string {
    return join(this.directory, "state");
  }

  /** Another driver over the same state, as a gateway that starts again has one. */
  open({ clock = this.clock as FakeClock | typeof systemClock, procRoot = "/proc", command = this.command } = {}) {
    this.driver = createProcessDriver({
      stateDir: this.stateDir,
      host: {
        endpoint: () => "http://127.0.0.1:17670",
        renewToken: (id) => this.renew(id),
        onEvent: (event) => this.events.push(event),
      },
      supervisorCommand: command,
      baseEnvironment: { PATH: process.env["PATH"], HOME: "/nowhere", LANG: undefined },
      tlsCaPath: "/tls/ca.crt",
      clock,
      log: silentLog,
      maxLogBytes: 64,
      random: () => 0,
      procRoot,
    });
    return this.driver;
  }

  spec(mode = "", id = newSandboxId()): SandboxSpec {
    return {
      id,
      name: "quiet-otter",
      workspace: "default",
      logLevel: "warn",
      command: ["/bin/echo", "hello"],
      tty: false,
      environment: { MODE: mode, JOURNAL: this.#journal(id) },
    };
  }

  /** Delivers a token, starts the sandbox and waits until its supervisor has spoken. */
  async run(mode = ""): Promise<{ spec: SandboxSpec; started: Started }> {
    const spec = this.spec(mode);
    await this.driver.deliverToken(spec.id, new Secret("first"));
    await this.driver.start(spec);
    return { spec, started: (await this.starts(spec.id, 1))[0]! };
  }

  /** What the sandbox's supervisors wrote, once there were `count` of them. */
  async starts(id: SandboxId, count: number): Promise<Started[]> {
    const read = () =>
      existsSync(this.#journal(id))
        ? readFileSync(this.#journal(id), "utf8")
            .split("\n")
            .slice(0, -1)
            .map((line): Started => JSON.parse(line))
        : [];
    await until(() => read().length >= count);
    return read();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.driver[Symbol.asyncDispose]();
    await rm(this.directory, { recursive: true, force: true });
  }

  #journal(id: SandboxId): string {
    return join(this.directory, `${id}.journal`);
  }
}

/** Waits for a condition that another process brings about; rejects after ten seconds. */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`still not so after ten seconds: ${condition}`);
    await sleep(10);
  }
}

/** Is the process there, other than as a zombie? */
export function isAlive(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

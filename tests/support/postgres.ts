import { type ChildProcessByStdio, execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import pg from "pg";
import { describe, expect, test } from "vitest";
import { Secret } from "../../src/core/secret.ts";
import { freePort } from "./free-port.ts";

/** Names an engine for tests, by a URL of a role that may make databases. */
export const sharedUrlVariable = "OPENSHELL_TEST_POSTGRES_URL";
/** Says that the engine was started for this run of the tests, and goes with it. */
export const goesWithTheRunVariable = "OPENSHELL_TEST_POSTGRES_GOES_WITH_THE_RUN";

const givenUrl = process.env[sharedUrlVariable];
const programs = findPrograms();
const account = findAccount();

/** Is Postgres installed here, and an account that may run it? */
export const canStartPostgres = programs !== undefined && account !== undefined;
const isMissing = givenUrl === undefined && !canStartPostgres;
const reason = "no Postgres: set OPENSHELL_TEST_POSTGRES_URL, or install Debian's package postgresql";

/** Tests that need Postgres; where there is none they are skipped, and one line says why. */
export function describePostgres(name: string, define: () => void): void {
  if (!isMissing) describe(name, define);
  else describe(name, () => test.skip(`skipped, ${reason}`, () => undefined));
}

/** Tests that stop and start the engine, so one of their own. */
export function describeOwnPostgres(name: string, define: () => void): void {
  if (programs && account) describe(name, define);
  else
    describe(name, () =>
      test.skip(`skipped, no Postgres to stop and start: install Debian's package`, () => undefined),
    );
}

/** Where databases are made for tests. */
export interface Postgres extends AsyncDisposable {
  /** It serves all tests of this run and goes with it: databases may stay, and be lent again. */
  readonly goesWithTheRun: boolean;
  /** An empty database. */
  createDatabase(): Promise<TestDatabase>;
}

export interface TestDatabase extends AsyncDisposable {
  readonly name: string;
  readonly url: Secret;
  /** Asks as an operator would, over a connection of its own. */
  query<R extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<R[]>;
  /** A connection of the test's own, to be ended by it. */
  connect(): Promise<pg.Client>;
}

/** An engine that the test may stop. */
export interface OwnPostgres extends Postgres {
  readonly port: number;
  /** Ends it as an administrator does (`fast`), or as a crash does (`immediate`). */
  stop(how: "fast" | "immediate"): Promise<void>;
  start(): Promise<void>;
}

/** Resolves once so many transactions in the database wait for a lock. */
export async function waitForLocks(database: TestDatabase, waiters = 1): Promise<void> {
  const waiting = "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()";
  await expect.poll(() => database.query(waiting), { interval: 10, timeout: 2_500 }).toHaveLength(waiters);
}

/** The engine that was named for tests, or one of the caller's own, which does not wait for its disk. */
export async function usePostgres(): Promise<Postgres> {
  if (givenUrl === undefined) return startPostgres({ fsync: "off", full_page_writes: "off" });
  const url = new URL(givenUrl);
  const goesWithTheRun = process.env[goesWithTheRunVariable] !== undefined;
  return {
    goesWithTheRun,
    createDatabase: () => createDatabase(url, { drop: !goesWithTheRun }),
    [Symbol.asyncDispose]: async () => undefined,
  };
}

/**
 * An engine with a directory of its own; it ends with the process that asked for it. It waits for its disk
 * unless the settings say otherwise. The files are put into its data directory.
 */
export async function startPostgres(
  settings: Readonly<Record<string, string>> = {},
  files: Readonly<Record<string, string>> = {},
): Promise<OwnPostgres> {
  if (!programs || !account) throw new Error(reason);
  const { ids } = account;
  const directory = mkdtempSync(join(tmpdir(), "openshell-postgres-"));
  if (ids) chownSync(directory, ids.uid, ids.gid);
  const data = join(directory, "data");
  const initdb = ["-D", data, "-U", "openshell", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C"];
  execFileSync(join(programs, "initdb"), initdb, { ...ids, cwd: directory, stdio: "ignore" });
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(data, name), content, { mode: 0o600 });
    if (ids) chownSync(join(data, name), ids.uid, ids.gid);
  }
  const port = await freePort();
  const given = { listen_addresses: "127.0.0.1", port: `${port}`, unix_socket_directories: directory, ...settings };
  const options = Object.entries(given).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const launch = () => launchServer({ program: join(programs, "postgres"), arguments: ["-D", data, ...options], ids });

  let server = await launch();
  const stop = async (how: "fast" | "immediate") => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, "exit");
    const postmaster = Number(readFileSync(join(data, "postmaster.pid"), "utf8").split("\n")[0]);
    process.kill(postmaster, how === "fast" ? "SIGINT" : "SIGQUIT");
    await ended;
  };
  const url = new URL(`postgres://openshell@127.0.0.1:${port}/postgres`);
  return {
    goesWithTheRun: false,
    port,
    stop,
    async start() {
      server = await launch();
    },
    // To drop one costs a checkpoint, and all of them go with the directory.
    createDatabase: () => createDatabase(url, { drop: false }),
    async [Symbol.asyncDispose]() {
      await stop("immediate");
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

type Server = ChildProcessByStdio<Writable, null, Readable>;

/** A shell watches over the server: where its own input ends, as it does with this process, it stops it. */
const watched = '"$@" & server=$!; { cat > /dev/null; kill -QUIT $server 2> /dev/null; } <&3 & wait $server';

async function launchServer(options: {
  readonly program: string;
  readonly arguments: readonly string[];
  readonly ids: { uid: number; gid: number } | undefined;
}): Promise<Server> {
  const server: Server = spawn("sh", ["-c", `exec 3<&0; ${watched}`, "sh", options.program, ...options.arguments], {
    ...options.ids,
    cwd: tmpdir(),
    stdio: ["pipe", "ignore", "pipe"],
  });
  const said: string[] = [];
  for await (const line of createInterface({ input: server.stderr })) {
    said.push(line);
    if (!line.includes("ready to accept connections")) continue;
    server.stderr.resume();
    return server;
  }
  throw new Error(`Postgres did not start: ${said.join("\n")}`);
}

async function createDatabase(server: URL, { drop }: { readonly drop: boolean }): Promise<TestDatabase> {
  const name = `openshell_test_${randomBytes(6).toString("hex")}`;
  await askOnce(server.href, `create database ${name}`);
  const url = new URL(server.href);
  url.pathname = `/${name}`;
  return {
    name,
    url: new Secret(url.href),
    query: (text, values) => askOnce(url.href, text, values),
    connect: () => connectTo(url.href),
    [Symbol.asyncDispose]: async () => {
      if (drop) await askOnce(server.href, `drop database if exists ${name} with (force)`);
    },
  };
}

async function connectTo(url: string): Promise<pg.Client> {
  const types = new pg.TypeOverrides();
  types.setTypeParser(20, Number);
  const client = new pg.Client({ connectionString: url, types });
  await client.connect();
  return client;
}

async function askOnce<R extends pg.QueryResultRow>(url: string, text: string, values?: unknown[]): Promise<R[]> {
  const client = await connectTo(url);
  try {
    return (await client.query<R>(text, values)).rows;
  } finally {
    await client.end();
  }
}

/** The directory of Debian's newest Postgres. */
function findPrograms(): string | undefined {
  const root = "/usr/lib/postgresql";
  if (!existsSync(root)) return undefined;
  const versions = readdirSync(root).sort((a, b) => Number(b) - Number(a));
  return versions.map((version) => join(root, version, "bin")).find((bin) => existsSync(join(bin, "initdb")));
}

/** Postgres does not run as root; it becomes one of these then. Undefined where there is none. */
function findAccount(): { readonly ids: { uid: number; gid: number } | undefined } | undefined {
  if (process.getuid?.() !== 0) return { ids: undefined };
  const accounts = readFileSync("/etc/passwd", "utf8").split("\n");
  for (const wanted of ["postgres", "nobody"]) {
    const [, , uid, gid] = accounts.find((line) => line.startsWith(`${wanted}:`))?.split(":") ?? [];
    if (uid !== undefined && gid !== undefined) return { ids: { uid: Number(uid), gid: Number(gid) } };
  }
  return undefined;
}

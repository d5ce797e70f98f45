import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { describePostgres, type Postgres, type TestDatabase, usePostgres } from "../support/postgres.ts";
import { type GatewayProgram, gatewayProgram, type ServingProgram } from "./gateway-program.ts";

vi.setConfig({ testTimeout: 90_000 });
/** A start of which nothing is logged that went well. */
const serving = ["--dev", "--port", "0", "--log-level", "error"];

let program: GatewayProgram;
beforeEach(() => {
  program = gatewayProgram();
});
afterEach(() => program[Symbol.dispose]());

const create = (gateway: ServingProgram, name: string) => gateway.call("CreateSandbox", { name });

async function sandboxes(gateway: ServingProgram): Promise<string[]> {
  const { sandboxes: listed = [] } = (await gateway.call("ListSandboxes", {})) as {
    sandboxes?: { metadata: { name: string } }[];
  };
  return listed.map(({ metadata }) => metadata.name).sort();
}

describe("in SQLite", () => {
  const file = () => join(program.home, ".local/state/openshell/gateway/openshell.db");
  const copy = () => join(program.home, "copy.db");

  test("a backup is made while a gateway serves; restored, it holds the sandboxes of then, and what it replaced is kept", async () => {
    {
      await using gateway = await program.serve();
      await create(gateway, "before");
      expect(await program.run(["backup", "--to", copy()])).toEqual({
        ...{ code: 0, stderr: "" },
        stdout: `${copy()} is a copy of ${file()}\n`,
      });
      await create(gateway, "after");

      const early = await program.run(["restore", "--from", copy()]);
      expect(early).toMatchObject({ code: 1, stdout: "" });
      expect(early.stderr).toContain(`openshell-gateway: another gateway uses the database ${file()}; stop it`);
      expect(await sandboxes(gateway)).toEqual(["after", "before"]);
    }
    const restored = await program.run(["restore", "--from", copy()]);
    expect(restored).toMatchObject({ code: 0, stderr: "" });
    const [, kept = ""] = /; the one before is kept as (\S+)\n$/.exec(restored.stdout) ?? [];
    using replaced = new DatabaseSync(kept, { readOnly: true });
    expect(replaced.prepare("select name from sandboxes order by name").all()).toEqual([
      { name: "after" },
      { name: "before" },
    ]);

    await using gateway = await program.serve();
    expect(await sandboxes(gateway)).toEqual(["before"]);
  });

  test("a backup takes the place of nothing, and is restored where nothing was", async () => {
    expect(await program.run(["backup", "--to", copy()])).toMatchObject({
      ...{ code: 1, stdout: "" },
      stderr: `openshell-gateway: ${file()} does not exist\n`,
    });
    expect(await program.run(["migrate"])).toMatchObject({ code: 0 });
    expect(await program.run(["backup", "--to", file()])).toMatchObject({
      ...{ code: 1, stdout: "" },
      stderr: expect.stringContaining("exists already; a backup takes the place of nothing"),
    });
    expect(await program.run(["backup", "--to", copy()])).toMatchObject({ code: 0 });
    const other = join(program.home, "other.db");
    expect(await program.run(["restore", "--from", copy(), "--db-url", `sqlite:${other}`])).toEqual({
      ...{ code: 0, stderr: "" },
      stdout: `${other} is a copy of ${copy()} now; there was none before\n`,
    });
  });

  test("migrate says what it did, and once that there was nothing to do", async () => {
    const first = await program.run(["migrate"]);
    expect(first).toMatchObject({ code: 0, stderr: "" });
    expect(first.stdout).toMatch(
      /^applied 0001-foundation\n(applied \d{4}-[a-z-]+\n)+the schema of \S+\.db is up to date now\n$/,
    );
    expect(await program.run(["migrate"])).toEqual({
      ...{ code: 0, stderr: "" },
      stdout: `the schema of ${file()} was up to date already\n`,
    });
  });

  test("migrate finds the database where serve does, and needs no key", async () => {
    const state = join(program.home, "state");
    expect(await program.run(["migrate"], { OPENSHELL_STATE_DIR: state })).toMatchObject({ code: 0 });
    expect(existsSync(join(state, "gateway/openshell.db"))).toBe(true);
    expect(existsSync(join(state, "tls"))).toBe(false);
  });

  test("a newer gateway's schema is refused, and left as it is", async () => {
    await program.run(["migrate"]);
    {
      using database = new DatabaseSync(file());
      database.exec("insert into schema_migrations values ('9999-later', 'now')");
    }
    const refused = "openshell-gateway: the database was written by a newer gateway: this one does not know its schema";
    for (const args of [["migrate"], ["backup", "--to", copy()], serving]) {
      const { code, stderr } = await program.run(args);
      expect({ args, code, stderr }).toEqual({ args, code: 1, stderr: `${refused} 9999-later\n` });
    }
    expect(existsSync(copy())).toBe(false);
  });

  test("a file that is no database is not migrated, and left as it is", async () => {
    const notes = join(program.home, "notes.txt");
    writeFileSync(notes, "precious ".repeat(1_000));
    expect(await program.run(["migrate", "--db-url", `sqlite:${notes}`])).toEqual({
      ...{ code: 1, stdout: "" },
      stderr: `openshell-gateway: ${notes} cannot be opened as a SQLite database (file is not a database)\n`,
    });
    expect(readFileSync(notes, "utf8")).toBe("precious ".repeat(1_000));
  });
});

test.each([
  [["restore"], "error: required option '--from <file>' not specified\n"],
  [
    ["migrate", "--db-url", "postgres://ada:hunter2@db"],
    "openshell-gateway: the configuration cannot be used:\n  --db-url: expected postgres://user:password@host:port/database, what is special in a URL escaped as %XX, got a string of 25 characters\n",
  ],
])("%j is a mistake, told with exit code 2", async (args, stderr) => {
  expect(await program.run(args)).toEqual({ code: 2, stdout: "", stderr });
});

test("T7: what the store does not take of a URL is told in one line, without the URL", async () => {
  const url = "postgres://ada:hunter2@db.example/openshell?sslmode=prefer";
  for (const args of [["migrate"], serving]) {
    expect(await program.run(args, { OPENSHELL_DB_URL: url })).toEqual({
      ...{ code: 1, stdout: "" },
      stderr:
        "openshell-gateway: the database's URL cannot be used: its sslmode is none of disable, require, verify-ca, verify-full\n",
    });
  }
});

test("T7: a server that is not there is told without the URL", async () => {
  await using server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  const failed = await program.run(["migrate"], { OPENSHELL_DB_URL: `postgres://ada:hunter2@127.0.0.1:${port}/x` });
  expect(failed).toMatchObject({ code: 1, stdout: "" });
  expect(failed.stderr).toMatch(/^openshell-gateway: the database cannot be used: .*ECONNREFUSED[^\n]*\n$/);
  expect(failed.stderr).not.toMatch(/ada|hunter2/);
});

describePostgres("in Postgres", () => {
  let postgres: Postgres;
  let database: TestDatabase;
  let url: string;
  beforeAll(async () => {
    postgres = await usePostgres();
  });
  afterAll(() => postgres[Symbol.asyncDispose]());
  beforeEach(async () => {
    database = await postgres.createDatabase();
    const withPassword = new URL(database.url.reveal());
    // Where the server asks for none, any will do.
    withPassword.password ||= "hunter2";
    url = withPassword.href;
  });
  afterEach(() => database[Symbol.asyncDispose]());

  const run = async (args: readonly string[]) => {
    const ended = await program.run(args, { OPENSHELL_DB_URL: url });
    expect(ended.stdout + ended.stderr).not.toContain(new URL(url).password);
    return ended;
  };
  const described = () => `${database.name}, Postgres on ${new URL(url).hostname}`;

  test("migrate brings an empty database up to date, once where two do it at once", async () => {
    const both = await Promise.all([run(["migrate"]), run(["migrate"])]);
    const said = both.map(({ stdout }) => stdout).sort((one, other) => other.length - one.length);
    expect(both).toMatchObject([
      { code: 0, stderr: "" },
      { code: 0, stderr: "" },
    ]);
    expect(said[0]).toMatch(/^(applied \d{4}-[a-z-]+\n)+the schema of [^\n]+ is up to date now\n$/);
    expect(said[1]).toBe(`the schema of ${described()} was up to date already\n`);
    const applied = await database.query("select name from schema_migrations order by name");
    expect(said[0]?.match(/\d{4}-[a-z-]+/g)).toEqual(applied.map(({ name }) => name));
  });

  test("a newer gateway's schema is refused, by migrate and at the start", async () => {
    await run(["migrate"]);
    await database.query("insert into schema_migrations values ('9999-later', 'now')");
    for (const args of [["migrate"], serving]) {
      expect(await run(args)).toEqual({
        ...{ code: 1, stdout: "" },
        stderr:
          "openshell-gateway: the database was written by a newer gateway: this one does not know its schema 9999-later\n",
      });
    }
  });

  test("a role that may make no tables is told why", async () => {
    await database.query("revoke create on schema public from public");
    await database.query(`do $$ begin create role ${database.name} login password 'hunter2'; end $$`);
    const poor = new URL(url);
    [poor.username, poor.password] = [database.name, "hunter2"];
    const refused = await program.run(["migrate"], { OPENSHELL_DB_URL: poor.href });
    await database.query(`drop role ${database.name}`);
    expect(refused).toEqual({
      ...{ code: 1, stdout: "" },
      stderr: "openshell-gateway: the database could not be brought up to date (permission denied for schema public)\n",
    });
  });

  test.each([
    ["backup", "--to", "pg_dump"],
    ["restore", "--from", "pg_restore"],
  ])("%s is not for it, and names what is", async (command, flag, tool) => {
    const file = join(program.home, "copy.db");
    const refused = await run([command, flag, file]);
    expect(refused).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining(`use ${tool}`) });
    expect(existsSync(file)).toBe(false);
  });

  test("T7: a gateway that serves says which database it is, and its own name, but no user and no password", async () => {
    await using gateway = await program.serve(["--replica-name", "eu-1"], { OPENSHELL_DB_URL: url });
    expect(gateway.printed()).toContain(`  database      ${described()}\n`);
    expect(gateway.printed()).toContain("  replica       eu-1\n");
    await create(gateway, "a");
    expect(await sandboxes(gateway)).toEqual(["a"]);
    const { username, password } = new URL(url);
    expect(gateway.printed()).not.toContain(password);
    for (const mark of [":", "@"]) expect(gateway.printed()).not.toContain(username + mark);
  });
});

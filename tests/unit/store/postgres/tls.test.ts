import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { silentLog } from "../../../../src/core/log.ts";
import { Secret } from "../../../../src/core/secret.ts";
import { openStore } from "../../../../src/store/index.ts";
import { issue, newAuthority } from "../../../service/cli/certificates.ts";
import { describeOwnPostgres, type OwnPostgres, startPostgres, type TestDatabase } from "../../../support/postgres.ts";
import { temporaryDirectory } from "../../../support/temporary-directory.ts";

describeOwnPostgres("Postgres behind TLS", () => {
  const directory = temporaryDirectory();
  const paths = { ca: join(directory.path, "ca.pem"), other: join(directory.path, "other.pem") };
  let postgres: OwnPostgres;
  let database: TestDatabase;
  beforeAll(async () => {
    const [authority, other] = await Promise.all([newAuthority(), newAuthority()]);
    writeFileSync(paths.ca, authority.certificate.toString("pem"));
    writeFileSync(paths.other, other.certificate.toString("pem"));
    // The certificate is for `localhost` alone.
    const { certificate, key } = await issue(authority, "postgres");
    postgres = await startPostgres({ ssl: "on" }, { "server.crt": certificate, "server.key": key });
    database = await postgres.createDatabase();
  });
  afterAll(async () => {
    await postgres[Symbol.asyncDispose]();
    directory[Symbol.dispose]();
  });

  function open(host: string, parameters: string) {
    const url = new Secret(`postgres://openshell@${host}:${postgres.port}/${database.name}?${parameters}`);
    return openStore({ database: { kind: "postgres", url }, log: silentLog });
  }

  test.each(["verify-full", "verify-ca", "require"])(
    "sslmode=%s encrypts every connection, the feed's too",
    async (mode) => {
      await using store = await open("localhost", `sslmode=${mode}&sslrootcert=${paths.ca}`);
      await store.feed.follow({ reload: async () => undefined, learn: async () => undefined });
      await store.check();
      const used = await database.query<{ ssl: boolean }>(
        "select ssl from pg_stat_ssl join pg_stat_activity using (pid) where application_name like 'openshell-gateway%'",
      );
      expect(used.length).toBeGreaterThanOrEqual(2);
      expect(used.every(({ ssl }) => ssl)).toBe(true);
    },
  );

  test.each([
    ["an authority that is not trusted", "localhost", () => `sslmode=verify-full&sslrootcert=${paths.other}`],
    ["an authority that only the URL could name", "localhost", () => "sslmode=require"],
    ["another name", "127.0.0.1", () => `sslmode=verify-full&sslrootcert=${paths.ca}`],
    ["another name, however the mode is spelled", "127.0.0.1", () => `sslmode=verify-ca&sslrootcert=${paths.ca}`],
  ])("a certificate of %s is refused", async (_of, host, parameters) => {
    await expect(open(host, parameters())).rejects.toThrow(/^the database cannot be used: .*(certificate|altnames)/);
  });

  test("a server without TLS is refused where TLS is wanted, and what to say is said", async () => {
    await using plain = await startPostgres({ fsync: "off" });
    const url = new Secret(`postgres://openshell@localhost:${plain.port}/postgres?sslmode=verify-full`);
    await expect(openStore({ database: { kind: "postgres", url }, log: silentLog })).rejects.toThrow(
      /does not support SSL connections/,
    );
  });
});

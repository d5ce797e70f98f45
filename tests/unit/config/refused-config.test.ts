import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { shapeOf } from "../../../src/config/shape.ts";
import { Place } from "./place.ts";

let place: Place;
beforeEach(() => {
  place = new Place();
  place.putSigningKey();
});
afterEach(() => place[Symbol.dispose]());

const file = "~/.config/openshell/gateway.toml";
const notYet = "this gateway does not have this yet";
const url = "expected an http or https URL without a user, such as http://127.0.0.1:4318/v1/traces";
const address = `expected an IP address with or without a port, such as "127.0.0.1:17670" or "[::1]:17670"`;

test.each<[string, string, string]>([
  ["prot = 1", "openshell.gateway.prot", "unknown key"],
  ["port = 1", "openshell.gateway.port", "unknown key"],
  ["tls.cert = 'x'", "openshell.gateway.tls.cert", "unknown key"],
  ["__proto__.x = 1", "openshell.gateway.__proto__", "unknown key"],
  ["[other]", "other", "unknown key"],
  ["[openshell.gatway]", "openshell.gatway", "unknown key"],
  ["oidc.issuer = 'https://idp.example'", "openshell.gateway.oidc", notYet],
  ["mtls_auth.enabled = true", "openshell.gateway.mtls_auth", notYet],
  ["grpc_rate_limit_requests = 5", "openshell.gateway.grpc_rate_limit_requests", notYet],
  ["[openshell.drivers.docker]", "openshell.drivers", notYet],
  [
    "log_level = 'verbose'",
    "openshell.gateway.log_level",
    `expected one of trace, debug, info, warn, error, got the string "verbose"`,
  ],
  ["log_level = 3", "openshell.gateway.log_level", "expected one of trace, debug, info, warn, error, got the number 3"],
  [
    "log_level = ''",
    "openshell.gateway.log_level",
    "expected one of trace, debug, info, warn, error, got an empty string",
  ],
  ["bind_address = 'localhost:80'", "openshell.gateway.bind_address", `${address}, got the string "localhost:80"`],
  [
    "bind_address = '127.0.0.1:65536'",
    "openshell.gateway.bind_address",
    `${address}, got the string "127.0.0.1:65536"`,
  ],
  ["bind_address = 80", "openshell.gateway.bind_address", `${address}, got the number 80`],
  ["trace_endpoint = 'localhost:4318'", "openshell.gateway.trace_endpoint", `${url}, got the string "localhost:4318"`],
  [
    "trace_endpoint = 'file:///etc/passwd'",
    "openshell.gateway.trace_endpoint",
    `${url}, got the string "file:///etc/passwd"`,
  ],
  [
    "trace_endpoint = 'https://me:secret@traces.example'",
    "openshell.gateway.trace_endpoint",
    `${url}, got a string of 32 characters`,
  ],
  [
    "trace_endpoint = 'https://me@traces.example'",
    "openshell.gateway.trace_endpoint",
    `${url}, got a string of 25 characters`,
  ],
  ["trace_endpoint = 4318", "openshell.gateway.trace_endpoint", `${url}, got the number 4318`],
  ["trace_ratio = 1.1", "openshell.gateway.trace_ratio", "expected a number from 0 to 1, got the number 1.1"],
  ["trace_ratio = -0.1", "openshell.gateway.trace_ratio", "expected a number from 0 to 1, got the number -0.1"],
  ["trace_ratio = nan", "openshell.gateway.trace_ratio", "expected a number from 0 to 1, got the number NaN"],
  ["trace_ratio = '0.5'", "openshell.gateway.trace_ratio", `expected a number from 0 to 1, got the string "0.5"`],
  ["disable_tls = 'yes'", "openshell.gateway.disable_tls", `expected true or false, got the string "yes"`],
  ["disable_tls = 1", "openshell.gateway.disable_tls", "expected true or false, got the number 1"],
  ["tls = true", "openshell.gateway.tls", "expected a table, got true"],
  ["tls.cert_path = ['a']", "openshell.gateway.tls.cert_path", "expected a path, got a list of 1"],
  [
    "compute_drivers = 'process'",
    "openshell.gateway.compute_drivers",
    `expected names of drivers, got the string "process"`,
  ],
  [
    "compute_drivers = ['process', 7]",
    "openshell.gateway.compute_drivers.1",
    "expected names of drivers, got the number 7",
  ],
  [
    "auth.allowed_hosts = ['a:1']",
    "openshell.gateway.auth.allowed_hosts.0",
    `expected host names without a port, got the string "a:1"`,
  ],
  [
    "gateway_jwt.ttl_secs = 0",
    "openshell.gateway.gateway_jwt.ttl_secs",
    "expected a whole number from 60 to 86400 (seconds), got the number 0",
  ],
  [
    "gateway_jwt.ttl_secs = 86401",
    "openshell.gateway.gateway_jwt.ttl_secs",
    "expected a whole number from 60 to 86400 (seconds), got the number 86401",
  ],
  [
    "gateway_jwt.ttl_secs = 99.5",
    "openshell.gateway.gateway_jwt.ttl_secs",
    "expected a whole number from 60 to 86400 (seconds), got the number 99.5",
  ],
  [
    "gateway_jwt.ttl_secs = 1979-05-27",
    "openshell.gateway.gateway_jwt.ttl_secs",
    "expected a whole number from 60 to 86400 (seconds), got a date",
  ],
  ...[1, 61].map((secs): [string, string, string] => [
    `gateway_jwt.revocation_bound_secs = ${secs}`,
    "openshell.gateway.gateway_jwt.revocation_bound_secs",
    `expected a whole number from 2 to 60 (seconds), got the number ${secs}`,
  ]),
  [
    "db_connections = '5'",
    "openshell.gateway.db_connections",
    `expected a whole number from 1 to 100, got the string "5"`,
  ],
  [
    "replica_name = ''",
    "openshell.gateway.replica_name",
    "expected 1 to 63 printable ASCII characters without spaces, got an empty string",
  ],
  ["db_url = 'sqlite:x'", "openshell.gateway.db_url", "unknown key"],
  [
    "gateway_jwt.gateway_id = 'a b'",
    "openshell.gateway.gateway_jwt.gateway_id",
    `expected 1 to 128 letters, digits, dots, hyphens and underscores, got the string "a b"`,
  ],
])("a file with %s is refused", async (toml, key, what) => {
  place.toml(toml);
  expect(await place.problems()).toEqual([`${key} in ${file}: ${what}`]);
});

test.each([
  ["version = 2", `openshell.version in ${file}: expected the number 1, got the number 2`],
  ["version = '1'", `openshell.version in ${file}: expected the number 1, got the string "1"`],
  [
    "database_url = 'sqlite:x'",
    `openshell.database_url in ${file}: not in a file, as it can hold a password; use --db-url or OPENSHELL_DB_URL`,
  ],
])("a file whose [openshell] says %s is refused", async (toml, problem) => {
  place.put(".config/openshell/gateway.toml", `[openshell]\n${toml}`);
  expect(await place.problems()).toEqual([problem]);
});

test("a file that is not TOML is refused with the place, not with the line", async () => {
  place.put(".config/openshell/gateway.toml", `[openshell.gateway]\npassword = "hunter2`);
  const [problem, ...rest] = await place.problems();
  expect(problem).toMatch(new RegExp(`^${file.replaceAll(".", "\\.")}:2:\\d+: this is not TOML$`));
  expect(rest).toEqual([]);
});

test("a file that is named and absent is refused; one that is looked for may be absent", async () => {
  expect(await place.problems(["--config", `${place.home}/none.toml`])).toEqual([
    "~/none.toml: the configuration file cannot be read: ENOENT",
  ]);
  expect(await place.problems()).toEqual([]);
});

test.each<[string[], Record<string, string>, string]>([
  [["--port", "seventy"], {}, `--port: expected a port from 0 to 65535, got the string "seventy"`],
  [["--port", "65536"], {}, "--port: expected a port from 0 to 65535, got the number 65536"],
  [["--port=-1"], {}, "--port: expected a port from 0 to 65535, got the number -1"],
  [["--port", "1e3"], {}, `--port: expected a port from 0 to 65535, got the string "1e3"`],
  [["--port", " 1"], {}, `--port: expected a port from 0 to 65535, got the string " 1"`],
  [["--bind-address", "localhost"], {}, `--bind-address: expected an IP address, got the string "localhost"`],
  [
    ["--drain-deadline", "4000"],
    {},
    "--drain-deadline: expected a whole number from 0 to 3600 (seconds), got the number 4000",
  ],
  [["--db-connections", "0"], {}, "--db-connections: expected a whole number from 1 to 100, got the number 0"],
  [["--db-connections", "101"], {}, "--db-connections: expected a whole number from 1 to 100, got the number 101"],
  [
    [],
    { OPENSHELL_DB_CONNECTIONS: "ten" },
    `OPENSHELL_DB_CONNECTIONS: expected a whole number from 1 to 100, got the string "ten"`,
  ],
  ...["a b", "é", "x".repeat(64), "a\n"].map((given): [string[], Record<string, string>, string] => [
    ["--replica-name", given],
    {},
    `--replica-name: expected 1 to 63 printable ASCII characters without spaces, got ${shapeOf(given)}`,
  ]),
  [[], { OPENSHELL_SERVER_PORT: "x" }, `OPENSHELL_SERVER_PORT: expected a port from 0 to 65535, got the string "x"`],
  [[], { OPENSHELL_DISABLE_TLS: "on" }, `OPENSHELL_DISABLE_TLS: expected true or false, got the string "on"`],
  ...["10.0.0.0/33", "10.0.0.0/", "proxy.example", "::1/129"].map(
    (given): [string[], Record<string, string>, string] => [
      [],
      { OPENSHELL_TRUSTED_PROXIES: given },
      "OPENSHELL_TRUSTED_PROXIES: expected IP addresses or networks such as 10.0.0.0/8, got a list of 1",
    ],
  ),
  [[], { OPENSHELL_OIDC_ISSUER: "https://idp.example" }, `OPENSHELL_OIDC_ISSUER: ${notYet}`],
  [[], { OPENSHELL_ENABLE_MTLS_AUTH: "true" }, `OPENSHELL_ENABLE_MTLS_AUTH: ${notYet}`],
  [["--drivers", "docker"], {}, "--drivers: the docker driver is not built yet; expected process"],
  [["--driver", "process,qemu"], {}, `--drivers: there is no driver "qemu"; expected process`],
  [
    ["--sandbox-bind-address", "127.0.0.1"],
    {},
    "--sandbox-bind-address: expected an address with a port, got one without",
  ],
  [["--health-port", "17670"], {}, "--health-port: the same port as the main listener"],
  [
    ["--health-port", "9", "--sandbox-bind-address", "127.0.0.1:9"],
    {},
    "--health-port: the same port as --sandbox-bind-address",
  ],
])("%j with %j is refused", async (argv, environment, problem) => {
  expect(await place.problems(argv, environment)).toEqual([problem]);
});

describe("what other machines reach", () => {
  test.each([["0.0.0.0"], ["::"], ["192.0.2.1"]])("needs TLS or a word that it shall have none: %s", async (host) => {
    expect(await place.problems(["--bind-address", host])).toEqual([
      `--bind-address: other machines reach ${host}, and there is no TLS: name --tls-cert and --tls-key, run generate-certs, or say --disable-tls`,
    ]);
    expect(await place.problems(["--bind-address", host, "--disable-tls"])).toEqual([]);
  });

  test("needs TLS for sandboxes too", async () => {
    const [problem] = await place.problems(["--sandbox-bind-address", "0.0.0.0:9"]);
    expect(problem).toContain("--sandbox-bind-address: other machines reach 0.0.0.0, and there is no TLS");
  });

  test.each([
    [["--allow-unauthenticated-users"], {}, "--allow-unauthenticated-users"],
    [["--dev"], {}, "--dev"],
    [[], { OPENSHELL_ALLOW_UNAUTHENTICATED_USERS: "true" }, "OPENSHELL_ALLOW_UNAUTHENTICATED_USERS"],
  ])("A6: never has unauthenticated users: %j %j", async (argv, environment, where) => {
    expect(await place.problems([...argv, "--bind-address", "0.0.0.0", "--disable-tls"], environment)).toEqual([
      `${where}: other machines reach 0.0.0.0; unauthenticated users are for loopback addresses alone`,
    ]);
  });
});

describe("half-made sets of files", () => {
  const jwt = (...names: string[]) => names.map((name) => `gateway_jwt.${name} = "${place.put(name)}"`).join("\n");

  test.each([
    ["--tls-cert", ["--tls-cert: a certificate's key is missing beside it, --tls-key"]],
    ["--tls-key", ["--tls-key: a certificate is missing beside it, --tls-cert"]],
    [
      "--tls-client-ca",
      [
        "--tls-client-ca: a certificate is missing beside it, --tls-cert",
        "--tls-client-ca: a certificate's key is missing beside it, --tls-key",
      ],
    ],
  ])("%s alone is refused", async (flag, problems) => {
    expect(await place.problems([flag, place.put("a.pem")])).toEqual(problems);
  });

  test("a demand for client certificates without their authority is refused", async () => {
    place.toml("tls.require_client_auth = true");
    const argv = ["--tls-cert", place.put("a.crt"), "--tls-key", place.put("a.key")];
    expect(await place.problems(argv)).toEqual([
      `openshell.gateway.tls.require_client_auth in ${file}: an authority for clients is missing beside it, --tls-client-ca`,
    ]);
  });

  test("certificates and no TLS are refused together", async () => {
    const argv = ["--tls-cert", place.put("a.crt"), "--tls-key", place.put("a.key"), "--disable-tls"];
    expect(await place.problems(argv)).toEqual([
      "--tls-cert: cannot stand together with --disable-tls",
      "--tls-key: cannot stand together with --disable-tls",
    ]);
  });

  test("a named file that is not there is refused", async () => {
    const argv = ["--tls-cert", `${place.home}/none`, "--tls-key", place.put("a.key")];
    expect(await place.problems(argv)).toEqual(["--tls-cert: expected a file that can be read, got ENOENT for ~/none"]);
  });

  test("certificates of which a part is gone are refused, never served without", async () => {
    place.put(".local/state/openshell/tls/server/tls.crt");
    place.put(".local/state/openshell/tls/ca.crt");
    expect(await place.problems(["--dev"])).toEqual([
      "~/.local/state/openshell/tls: the certificates are incomplete, cannot read ~/.local/state/openshell/tls/server/tls.key; or say --disable-tls",
    ]);
  });

  test("a signing key of which a part is named is refused", async () => {
    place.toml(jwt("signing_key_path", "kid_path"));
    expect(await place.problems()).toEqual([
      `openshell.gateway.gateway_jwt.signing_key_path in ${file}: gateway_jwt.public_key_path is missing beside it`,
    ]);
  });

  test.each([[[]], [["--dev"]]])("a signing key of which a part is gone is refused, with %j", async (argv) => {
    using other = new Place();
    other.put(".local/state/openshell/tls/jwt/signing.pem");
    expect(await other.problems(argv)).toEqual([
      "~/.local/state/openshell/tls/jwt: the signing key is incomplete, cannot read " +
        "~/.local/state/openshell/tls/jwt/public.pem, ~/.local/state/openshell/tls/jwt/kid",
    ]);
  });

  test("no signing key at all is refused, and what to do is said", async () => {
    using other = new Place();
    expect(await other.problems()).toEqual([
      "~/.local/state/openshell/tls/jwt: there is no signing key: run generate-certs --output-dir " +
        "~/.local/state/openshell/tls, name one in [openshell.gateway.gateway_jwt], or start with --dev",
    ]);
  });
});

describe("T7: no secret is repeated", () => {
  const postgresShape = "postgres://user:password@host:port/database";
  const postgres = `expected ${postgresShape}, what is special in a URL escaped as %XX`;
  const anyDatabase = `expected sqlite:<path> without a query, or ${postgresShape}`;

  test.each([
    ["mysql://openshell:hunter2@db/x", `${anyDatabase}, got a string of 30 characters`],
    ["sqlite:/x?password=hunter2", `${anyDatabase}, got a string of 26 characters`],
    ["sqlite::memory:", "a database in memory would forget what was revoked; expected sqlite:<path>"],
    ["hunter2", `${anyDatabase}, got a string of 7 characters`],
    ["postgres:openshell:hunter2@db/openshell", `${postgres}, got a string of 39 characters`],
    ["postgres://openshell:hunter2@db", `${postgres}, got a string of 31 characters`],
    ["postgres://openshell:hunter2@db/", `${postgres}, got a string of 32 characters`],
    ["postgres://openshell:hun/ter2@db/openshell", `${postgres}, got a string of 42 characters`],
    ["postgres://openshell:hun#ter2@db/openshell", `${postgres}, got a string of 42 characters`],
    ["postgres://openshell:hunter2@db:x/openshell", `${postgres}, got a string of 43 characters`],
    ["postgresql://openshell:hunter2@db/a/b", `${postgres}, got a string of 37 characters`],
    ["POSTGRES://openshell:hunter2@db/openshell", `${anyDatabase}, got a string of 41 characters`],
  ])("%s is refused without itself", async (url, problem) => {
    expect(await place.problems(["--db-url", url])).toEqual([`--db-url: ${problem}`]);
    expect(await place.problems([], { OPENSHELL_DB_URL: url })).toEqual([`OPENSHELL_DB_URL: ${problem}`]);
  });

  test.each([
    ["a token", "eyJhbGciOiJFZERTQSJ9.e30.c2ln"],
    ["a URL with a password", "https://u:hunter2@host/"],
    ["a private key", "-----BEGIN PRIVATE KEY-----\\nMC4C"],
    ["a long text", "x".repeat(49)],
  ])("%s in the wrong place is told by its length", async (_name, value) => {
    place.toml(`log_level = "${value}"\n"${"unknown"}" = "${value}"`);
    const [problem, unknown] = await place.problems();
    expect(problem).toMatch(/got a string of \d+ characters$/);
    expect(unknown).toBe(`openshell.gateway.unknown in ${file}: unknown key`);
  });
});

test("everything that is wrong is told at once", async () => {
  place.toml(`log_level = 1\nx = 1`);
  expect(await place.problems(["--port", "x"], { OPENSHELL_DISABLE_TLS: "x" })).toHaveLength(4);
});

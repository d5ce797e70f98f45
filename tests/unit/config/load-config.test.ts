import { join } from "node:path";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  ConfigError,
  type GatewayConfig,
  loadDatabaseConfig,
  localTlsDirectory,
  parseCommandLine,
} from "../../../src/config/index.ts";
import { defaultLimits } from "../../../src/http/limits.ts";
import { Place } from "./place.ts";

let place: Place;
beforeEach(() => {
  place = new Place();
  place.putSigningKey();
});
afterEach(() => place[Symbol.dispose]());

test("without a word, a gateway listens on loopback in cleartext and keeps its things below the home", async () => {
  const state = join(place.home, ".local/state/openshell");
  expect(await place.load()).toEqual({
    dev: false,
    file: undefined,
    logLevel: "info",
    stateDir: state,
    tlsDir: join(state, "tls"),
    listeners: [{ kind: "users", host: "127.0.0.1", port: 17_670 }],
    trustedProxies: [],
    guestTlsCa: undefined,
    allowUnauthenticatedUsers: false,
    allowedHosts: [],
    database: { kind: "sqlite", path: join(state, "gateway/openshell.db") },
    replicaName: undefined,
    signingKey: {
      signing: join(state, "tls/jwt/signing.pem"),
      public: join(state, "tls/jwt/public.pem"),
      keyId: join(state, "tls/jwt/kid"),
      toBeMade: false,
    },
    tokens: {
      gatewayId: "openshell",
      ttlSeconds: 3_600,
      leewaySeconds: 5,
      refreshGraceMs: 10_000,
      refreshPerMinute: 10,
      refreshBurst: 10,
      revokeOnReuse: true,
      longestBlindMs: 5_000,
    },
    drivers: ["process"],
    reflection: false,
    drainMs: 20_000,
    limits: defaultLimits,
  });
});

test("a configuration cannot be changed", async () => {
  const config = await place.load();
  for (const part of [config, config.listeners, config.listeners[0], config.limits, config.tokens]) {
    expect(Object.isFrozen(part)).toBe(true);
  }
});

describe("precedence", () => {
  const level = (config: GatewayConfig) => config.logLevel;
  const reflection = (config: GatewayConfig) => config.reflection;
  const main = ({ listeners: [{ host, port }] }: GatewayConfig) => `${host}:${port}`;

  test.each<[string, string[], Record<string, string>, string, unknown, (config: GatewayConfig) => unknown]>([
    [
      "a flag over all",
      ["--log-level", "error"],
      { OPENSHELL_LOG_LEVEL: "warn" },
      `log_level = "debug"`,
      "error",
      level,
    ],
    ["a variable over the file", [], { OPENSHELL_LOG_LEVEL: "warn" }, `log_level = "debug"`, "warn", level],
    ["the file over the default", [], {}, `log_level = "debug"`, "debug", level],
    ["an empty variable is none", [], { OPENSHELL_LOG_LEVEL: "" }, `log_level = "debug"`, "debug", level],
    ["a port flag over the file's address", ["--port", "2"], {}, `bind_address = "127.0.0.2:1"`, "127.0.0.2:2", main],
    [
      "an address flag keeps the file's port",
      ["--bind-address", "::1"],
      {},
      `bind_address = "127.0.0.2:1"`,
      "::1:1",
      main,
    ],
    ["an address without a port keeps the default's", [], {}, `bind_address = "127.0.0.2"`, "127.0.0.2:17670", main],
    ["a flag that says no", ["--no-reflection"], { OPENSHELL_REFLECTION: "1" }, "reflection = true", false, reflection],
    ["a variable that says no", [], { OPENSHELL_REFLECTION: "false" }, "reflection = true", false, reflection],
  ])("%s", async (_name, argv, environment, toml, expected, read) => {
    place.toml(toml);
    expect(read(await place.load(argv, environment))).toEqual(expected);
  });

  const collector = "http://127.0.0.1:4318/v1/traces";
  test.each<[string, string[], Record<string, string>, string, unknown]>([
    ["nowhere, where nobody says", [], {}, "trace_ratio = 0.5", undefined],
    ["where the file says", [], {}, `trace_endpoint = "${collector}"`, { endpoint: collector, ratio: 1 }],
    [
      "a share of them",
      ["--trace-ratio", "0.25"],
      { OPENSHELL_TRACE_ENDPOINT: "https://traces.example/v1/traces?tenant=a" },
      `trace_endpoint = "${collector}"\ntrace_ratio = 1`,
      { endpoint: "https://traces.example/v1/traces?tenant=a", ratio: 0.25 },
    ],
  ])("traces are sent %s", async (_name, argv, environment, toml, expected) => {
    place.toml(toml);
    expect((await place.load(argv, environment)).tracing).toEqual(expected);
  });

  test("the file is that of the flag, that of the variable, or the one that is found", async () => {
    const found = place.toml(`log_level = "warn"`);
    const named = place.put("a.toml", `[openshell.gateway]\nlog_level = "error"`);
    const other = place.put("b.toml", `[openshell.gateway]\nlog_level = "debug"`);
    const files = [
      await place.load(["--config", named], { OPENSHELL_GATEWAY_CONFIG: other }),
      await place.load([], { OPENSHELL_GATEWAY_CONFIG: other }),
      await place.load(),
    ];
    expect(files.map(({ file, logLevel }) => [file, logLevel])).toEqual([
      [named, "error"],
      [other, "debug"],
      [found, "warn"],
    ]);
  });

  test("directories follow their variables, where these are absolute", async () => {
    const { stateDir } = await place.load(["--dev"], { XDG_STATE_HOME: "/srv/state" });
    const { tlsDir } = await place.load(["--dev"], { OPENSHELL_LOCAL_TLS_DIR: "/srv/tls" });
    const relative = await place.load(["--dev"], { XDG_STATE_HOME: "state" });
    expect([stateDir, tlsDir]).toEqual(["/srv/state/openshell", "/srv/tls"]);
    expect(relative.stateDir).toBe(join(place.home, ".local/state/openshell"));
    expect((await place.load(["--dev", "--state-dir", "/srv/own"])).tlsDir).toBe("/srv/own/tls");
    expect((await place.load(["--dev"], { OPENSHELL_STATE_DIR: "/srv/own" })).tlsDir).toBe("/srv/own/tls");
    expect(localTlsDirectory({ OPENSHELL_STATE_DIR: "/srv/own" })).toBe("/srv/own/tls");
  });

  test("a relative path in the file begins at the file", async () => {
    place.put(".config/openshell/keys/server.crt");
    place.put(".config/openshell/keys/server.key");
    place.toml(`[openshell.gateway.tls]\ncert_path = "keys/server.crt"\nkey_path = "keys/server.key"`);
    const [{ tls }] = (await place.load()).listeners;
    expect(tls?.certFile).toBe(join(place.home, ".config/openshell/keys/server.crt"));
  });
});

describe("TLS", () => {
  test("is on where generate-certs made certificates, and supervisors are told whom to trust", async () => {
    place.putCertificates();
    const config = await place.load(["--sandbox-bind-address", "127.0.0.1:1"]);
    const tls = { certFile: join(place.tlsDir, "server/tls.crt"), keyFile: join(place.tlsDir, "server/tls.key") };
    expect(config.listeners.map((listener) => listener.tls)).toEqual([tls, tls]);
    expect(config.guestTlsCa).toBe(join(place.tlsDir, "ca.crt"));
  });

  test("can be off all the same", async () => {
    place.putCertificates();
    const config = await place.load(["--disable-tls", "--bind-address", "0.0.0.0"]);
    expect(config.listeners).toEqual([{ kind: "users", host: "0.0.0.0", port: 17_670 }]);
    expect(config.guestTlsCa).toBeUndefined();
  });

  test.each([
    ["optional", []],
    ["required", ["require_client_auth = true"]],
  ])("with %s client certificates", async (clientCertificates, more) => {
    const [crt, key, ca] = [place.put("a.crt"), place.put("a.key"), place.put("ca.crt")];
    place.toml(["[openshell.gateway.tls]", `client_ca_path = "${ca}"`, ...more].join("\n"));
    const config = await place.load(["--tls-cert", crt, "--tls-key", key, "--bind-address", "0.0.0.0"]);
    expect(config.listeners[0].tls).toEqual({ certFile: crt, keyFile: key, clientCaFile: ca, clientCertificates });
  });
});

describe("listeners", () => {
  test("health, metrics and sandboxes have their own where that is asked for", async () => {
    place.toml(
      `health_bind_address = "0.0.0.0:1"\nmetrics_bind_address = "[::1]:2"\nsandbox_bind_address = "127.0.0.1:3"`,
    );
    const { listeners } = await place.load();
    expect(listeners.map(({ kind, host, port }) => `${kind} ${host} ${port}`)).toEqual([
      "users 127.0.0.1 17670",
      "sandboxes 127.0.0.1 3",
      "operations 0.0.0.0 1",
      "operations ::1 2",
    ]);
  });

  test("health and metrics can share one, and a flag of 0 is off", async () => {
    const shared = await place.load(["--health-port", "5", "--metrics-port", "5"]);
    expect(shared.listeners).toHaveLength(2);
    place.toml(`health_bind_address = "127.0.0.1:1"`);
    expect((await place.load(["--health-port", "0"])).listeners).toHaveLength(1);
  });
});

describe("a developer's gateway", () => {
  test("allows unauthenticated users and makes its signing key", async () => {
    using other = new Place();
    expect(await other.load(["--dev"])).toMatchObject({
      dev: true,
      allowUnauthenticatedUsers: true,
      signingKey: { toBeMade: true },
    });
  });

  test("keeps the signing key that is there", async () => {
    expect((await place.load(["--dev"])).signingKey.toBeMade).toBe(false);
  });

  test.each([
    [["--dev", "--no-allow-unauthenticated-users"], {}, ""],
    [["--dev"], { OPENSHELL_ALLOW_UNAUTHENTICATED_USERS: "false" }, ""],
    [["--dev"], {}, "auth.allow_unauthenticated_users = false"],
  ])("allows none where that is said: %j %j %s", async (argv, environment, toml) => {
    place.toml(toml);
    expect((await place.load(argv, environment)).allowUnauthenticatedUsers).toBe(false);
  });
});

test("lists come from repeated flags, from commas and from the file", async () => {
  const { allowedHosts } = await place.load(["--allowed-host", "A.example", "--allowed-host", "b.example,c.example"]);
  expect(allowedHosts).toEqual(["a.example", "b.example", "c.example"]);
  expect((await place.load([], { OPENSHELL_ALLOWED_HOSTS: "a, b" })).allowedHosts).toEqual(["a", "b"]);
  place.toml(`auth.allowed_hosts = ["d"]`);
  expect((await place.load()).allowedHosts).toEqual(["d"]);
});

test("networks of proxies are taken as they are spelled", async () => {
  const { trustedProxies } = await place.load([], { OPENSHELL_TRUSTED_PROXIES: "10.0.0.0/8, ::1, fd00::/128" });
  expect(trustedProxies).toEqual(["10.0.0.0/8", "::1", "fd00::/128"]);
});

test.each([
  ["sqlite:/var/openshell/openshell.db", "/var/openshell/openshell.db"],
  ["sqlite:///var/openshell/openshell.db", "/var/openshell/openshell.db"],
])("%s is a database", async (url, path) => {
  expect((await place.load(["--db-url", url])).database).toEqual({ kind: "sqlite", path });
});

describe("a database on Postgres", () => {
  const url = "postgres://ada:hunter2@db.example:6432/openshell?sslmode=verify-full";

  test.each([
    url,
    "postgresql://ada@[::1]/openshell",
    "postgres://ada@localhost/openshell?host=/run/postgresql",
    "postgres://ada:p%2Fw%23@db/x#y",
  ])("is taken from %s, whatever else that says", async (given) => {
    const { database } = await place.load(["--db-url", given]);
    expect(database).toMatchObject({ kind: "postgres", connections: 10 });
    expect(database.kind === "postgres" && database.url.reveal()).toBe(given);
  });

  test("has as many connections as are wanted", async () => {
    const connections = async (argv: string[], environment = {}) => {
      const { database } = await place.load(argv, { OPENSHELL_DB_URL: url, ...environment });
      return database.kind === "postgres" && database.connections;
    };
    place.toml("db_connections = 3");
    expect(await connections([])).toBe(3);
    expect(await connections([], { OPENSHELL_DB_CONNECTIONS: "4" })).toBe(4);
    expect(await connections(["--db-connections", "100"], { OPENSHELL_DB_CONNECTIONS: "4" })).toBe(100);
  });

  test("T7: does not print its URL, nor a byte of it", async () => {
    const config = await place.load([], { OPENSHELL_DB_URL: url });
    for (const printed of [JSON.stringify(config), inspect(config, { depth: 9, showHidden: true })]) {
      expect(printed).toContain("postgres");
      expect(printed).not.toMatch(/ada|hunter2|db\.example|6432/);
    }
  });
});

describe("a replica's name", () => {
  test.each(["a", "openshell-gateway-0", "~!{}", "x".repeat(63)])("can be %s", async (name) => {
    expect((await place.load(["--replica-name", name])).replicaName).toBe(name);
    expect((await place.load([], { OPENSHELL_REPLICA_NAME: name })).replicaName).toBe(name);
    place.toml(`replica_name = "${name}"`);
    expect((await place.load()).replicaName).toBe(name);
  });
});

describe("the database alone", () => {
  const loadDatabase = (argv: string[], environment = {}) => {
    const plan = parseCommandLine(["migrate", ...argv], "0");
    if (plan.command !== "migrate") throw new Error("not a command line that migrates");
    return loadDatabaseConfig({ flags: plan.flags, environment: { HOME: place.home, ...environment } });
  };

  test("is the one that serve would use, without the keys and certificates that serve needs", async () => {
    using bare = new Place();
    const found = await loadDatabaseConfig({ flags: new Map(), environment: { HOME: bare.home } });
    expect(found).toEqual({ kind: "sqlite", path: join(bare.home, ".local/state/openshell/gateway/openshell.db") });
    place.toml(`state_dir = "/srv/own"`);
    expect(await loadDatabase([])).toEqual((await place.load(["--dev"])).database);
    expect(await loadDatabase(["--state-dir", "/srv/flag"])).toMatchObject({ path: "/srv/flag/gateway/openshell.db" });
    expect(await loadDatabase(["--db-url", "sqlite:/a"], { OPENSHELL_DB_URL: "sqlite:/b" })).toMatchObject({
      path: "/a",
    });
  });

  test.each<[string[], Record<string, string>]>([
    [["--db-url", "postgres://ada:hunter2@db"], {}],
    [[], { OPENSHELL_DB_URL: "postgres://ada:hunter2@db" }],
    [[], { OPENSHELL_DB_CONNECTIONS: "0" }],
  ])("is refused as serve would refuse it: %j %j", async (argv, environment) => {
    const refused = loadDatabase(argv, environment);
    await expect(refused).rejects.toBeInstanceOf(ConfigError);
    await expect(refused).rejects.not.toThrow("hunter2");
  });
});

test("all that tokens and limits can be told arrives", async () => {
  place.toml(`
    drain_deadline_secs = 3
    [openshell.gateway.gateway_jwt]
    gateway_id = "eu-1"
    ttl_secs = 60
    leeway_secs = 0
    refresh_grace_secs = 0
    refresh_per_minute = 6
    refresh_burst = 3
    revoke_on_reuse = false
    revocation_bound_secs = 2
    [openshell.gateway.limits]
    max_message_bytes = 2048
    ping_interval_secs = 7
  `);
  const config = await place.load();
  expect(config.tokens).toEqual({
    gatewayId: "eu-1",
    ttlSeconds: 60,
    leewaySeconds: 0,
    refreshGraceMs: 0,
    refreshPerMinute: 6,
    refreshBurst: 3,
    revokeOnReuse: false,
    longestBlindMs: 2_000,
  });
  expect(config.limits).toEqual({ ...defaultLimits, messageBytes: 2_048, pingMs: 7_000 });
  expect(config.drainMs).toBe(3_000);
});

/** A file that uses most of what a file may say, as an operator would write it. */
export const goodFile = `
[openshell]
version = 1

[openshell.gateway]
bind_address = "127.0.0.1:17670"
sandbox_bind_address = "127.0.0.1:17671"
log_level = "info"
disable_tls = true
compute_drivers = ["process"]
replica_name = "replica-a"
db_connections = 5
drain_deadline_secs = 20

[openshell.gateway.auth]
allowed_hosts = ["gateway.example"]

[openshell.gateway.gateway_jwt]
gateway_id = "openshell"
ttl_secs = 3600
refresh_grace_secs = 10
revoke_on_reuse = true

[openshell.gateway.limits]
max_message_bytes = 1048576
request_timeout_secs = 30
`;

/** What no message may repeat. */
export const marker = "hunter2-7f3a";

/** Secrets as they come: each holds the marker, and nothing about it says that it is one but its form. */
const secrets: readonly string[] = [
  `postgres://openshell:${marker}@db/openshell`,
  `postgres://openshell:a/${marker}@db/openshell`,
  `//openshell:${marker}@db/openshell`,
  `https://user:${marker}@idp.example/`,
  `redis://:${marker}@cache`,
  `eyJhbGciOiJFZERTQSJ9.e30.${marker}`,
  `Bearer eyJhbGciOiJFZERTQSJ9.e30.${marker}`,
  `-----BEGIN PRIVATE KEY-----\\n${marker}\\n-----END PRIVATE KEY-----`,
];

/** Values that are no good for most keys, as TOML. */
export const oddValues: readonly string[] = [
  ...secrets.flatMap((secret) => [`"${secret}"`, `["${secret}"]`, `{ a = "${secret}" }`]),
  ...["1", "-1", "0", "-0", "1.0", "1e3", "1e400", "nan", "-inf", "0xff", "0o17", "0b1", "9007199254740993"],
  ...["99999999999999999999", "1_000", "+7", "01", "1979-05-27", "1979-05-27T07:32:00Z", "07:32:00", "25:61:61"],
  ...["true", "TRUE", "yes", "[]", "{}", "[[]]", "[1, 'a']", "[{}]", "''", '"\\u0000"', '"\\ud800"', '"\\U0010ffff"'],
  ...['"\\u001b[2J"', '"a\\nb: not a problem"', '"\\u202e"', '"\\u2028"', '"""', '"""x"""', "'''\n'''", "''''"],
  ...["{ __proto__ = 1 }", "{ constructor = { prototype = 1 } }", "{ a.b.c = 1 }", "", "=", "#", "\u0000", "\ufeff1"],
  ...["[".repeat(400), `${"[".repeat(400)}${"]".repeat(400)}`, `"${"x".repeat(3_000)}"`, `"${"é".repeat(60)}"`],
];

/** Lines to put anywhere. */
export const oddLines: readonly string[] = [
  "[openshell.gateway]",
  "[[openshell.gateway]]",
  "[openshell.gateway.limits]",
  "[openshell]",
  "[]",
  "[__proto__]",
  "[constructor.prototype]",
  "[openshell.__proto__]",
  '["\\u001b[31mred"]',
  '"a\\nb" = 1',
  '"\\u2028" = 1',
  "__proto__ = { polluted = 1 }",
  "constructor.prototype.polluted = 1",
  "toString = 1",
  "openshell = 1",
  "gateway = 1",
  "openshell.gateway.log_level = 'info'",
  "a.b.c.d.e.f = 1",
  `${"a.".repeat(2_000)}a = 1`,
  "password = 'x'",
  "database_url = 'sqlite:x'",
  "\ufeff",
  "\r",
  "\u0000",
  "= 1",
  '"" = 1',
];

/** Arguments and values of variables. */
export const oddTexts: readonly string[] = [
  ...secrets.map((secret) => secret.replaceAll("\\n", "\n")),
  ...["", " ", "\0", "a\nb", "\u001b[2J", "\u202e", "é", "-", "--", "-x", "--=", "=", ",", ",,", "a,b", "__proto__"],
  ...[
    "constructor",
    "true",
    "false",
    "1",
    "-1",
    "65536",
    "1e3",
    "Infinity",
    "0x10",
    "٣",
    "127.0.0.1",
    "::1",
    "[::1]:0",
  ],
  ...[
    "127.0.0.1:99999",
    "localhost",
    "0.0.0.0",
    "../../etc/passwd",
    "/",
    "sqlite:",
    "sqlite::memory:",
    "x".repeat(5_000),
  ],
];

import { execFileSync, spawnSync } from "node:child_process";
import { createPrivateKey, createPublicKey, hash, X509Certificate } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, createServer } from "node:tls";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { systemClock } from "../../../src/core/clock.ts";
import { describeGenerated, ensureSigningKeys, generateCerts } from "../../../src/tokens/generate-certs/index.ts";
import { FakeClock } from "../../support/fake-clock.ts";

let root: string;
let out: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "generate-certs-"));
  out = join(root, "tls");
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const generate = (options = {}) => generateCerts({ outputDir: out, clock: systemClock, ...options });
const read = (path: string) => readFileSync(join(out, path), "utf8");
const certificate = (path: string) => new X509Certificate(read(path));
const mode = (path: string) => statSync(join(out, path)).mode & 0o777;
const filesIn = (directory: string) =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
    .sort();

const jwtFiles = ["jwt/kid", "jwt/public.pem", "jwt/signing.pem"];
const tlsFiles = ["ca.crt", "client/tls.crt", "client/tls.key", "server/tls.crt", "server/tls.key"];

test("everything is made where nothing is there, and nothing else is left", async () => {
  const reports = await generate();
  expect(reports.map(({ outcome }) => outcome)).toEqual(["made", "made"]);
  expect(filesIn(out)).toEqual([...tlsFiles, ...jwtFiles].sort());
  expect(readdirSync(out).sort()).toEqual(["ca.crt", "client", "jwt", "server"]);
});

describe("the signing key", () => {
  test("is an Ed25519 pair, its id the first half of the hash of the public key", async () => {
    await generate({ jwtOnly: true });
    const signing = createPrivateKey(read("jwt/signing.pem"));
    const spki = createPublicKey(read("jwt/public.pem")).export({ format: "der", type: "spki" });
    expect(signing.asymmetricKeyType).toBe("ed25519");
    expect(createPublicKey(signing).export({ format: "der", type: "spki" })).toEqual(spki);
    expect(read("jwt/kid").trim()).toBe(hash("sha256", spki, "hex").slice(0, 32));
    expect(filesIn(out)).toEqual(jwtFiles);
  });

  test("is in a form that OpenSSL reads too", async () => {
    await generate({ jwtOnly: true });
    const derived = execFileSync("openssl", ["pkey", "-in", join(out, "jwt/signing.pem"), "-pubout"]);
    expect(derived.toString()).toBe(read("jwt/public.pem"));
  });

  test("is for its owner's eyes only", async () => {
    await generate();
    expect([out, join(out, "jwt"), join(out, "server")].map((path) => statSync(path).mode & 0o777)).toEqual([
      0o700, 0o700, 0o700,
    ]);
    expect(["jwt/signing.pem", "server/tls.key", "client/tls.key"].map(mode)).toEqual([0o400, 0o400, 0o400]);
    expect(mode("jwt/public.pem")).toBe(0o444);
  });

  test("is another each time", async () => {
    await generate({ jwtOnly: true });
    const first = read("jwt/kid");
    rmSync(join(out, "jwt"), { recursive: true });
    await generate({ jwtOnly: true });
    expect(read("jwt/kid")).not.toBe(first);
  });
});

describe("the certificates", () => {
  test("are vouched for by the authority, for one purpose each", async () => {
    const now = Date.UTC(2030, 0, 1);
    await generate({ clock: new FakeClock(now) });
    const [ca, server, client] = ["ca.crt", "server/tls.crt", "client/tls.crt"].map(certificate) as [
      X509Certificate,
      X509Certificate,
      X509Certificate,
    ];
    expect([ca.ca, server.ca, client.ca]).toEqual([true, false, false]);
    expect([server, client].map((leaf) => leaf.checkIssued(ca) && leaf.verify(ca.publicKey))).toEqual([true, true]);
    expect([server.keyUsage, client.keyUsage]).toEqual([["1.3.6.1.5.5.7.3.1"], ["1.3.6.1.5.5.7.3.2"]]);
    expect(client.subject).toBe("CN=openshell-user\nOU=openshell-admin\nOU=openshell-user");
    expect(server.validFromDate.getTime()).toBe(now - 3_600_000);
    expect(server.validToDate.getTime() - now).toBe(825 * 86_400_000);
    expect(server.checkPrivateKey(createPrivateKey(read("server/tls.key")))).toBe(true);
    expect(client.checkPrivateKey(createPrivateKey(read("client/tls.key")))).toBe(true);
    expect(new Set([ca, server, client].map((one) => one.serialNumber)).size).toBe(3);
  });

  test("name the server as it is reached, and as the operator says", async () => {
    await generate({ serverSans: ["Gateway.Example", "*.sandboxes.example", "192.0.2.7", "2001:db8::7"] });
    const server = certificate("server/tls.crt");
    for (const host of ["localhost", "host.openshell.internal", "gateway.example", "a.sandboxes.example"]) {
      expect(server.checkHost(host), host).toBeDefined();
    }
    for (const address of ["127.0.0.1", "::1", "192.0.2.7", "2001:db8::7"]) {
      expect(server.checkIP(address), address).toBeDefined();
    }
    expect(server.checkHost("elsewhere.example")).toBeUndefined();
  });

  test("serve a connection where both sides show one", async () => {
    await generate();
    const [ca, cert, key] = [read("ca.crt"), read("server/tls.crt"), read("server/tls.key")];
    const seen = Promise.withResolvers<string | undefined>();
    const server = createServer({ ca, cert, key, requestCert: true, rejectUnauthorized: true }, (socket) => {
      const { subject } = socket.getPeerCertificate();
      seen.resolve(Array.isArray(subject.CN) ? subject.CN[0] : subject.CN);
      socket.end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" && address ? address.port : 0;
    const client = { cert: read("client/tls.crt"), key: read("client/tls.key") };
    const socket = connect({ host: "127.0.0.1", port, servername: "localhost", ca, ...client });
    expect(await seen.promise).toBe("openshell-user");
    expect(socket.authorized).toBe(true);
    socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });

  test.runIf(spawnSync("openssl", ["version"]).status === 0)("please OpenSSL's strict verification", async () => {
    await generate();
    const path = (name: string) => join(out, name);
    const verify = (purpose: string, leaf: string) =>
      execFileSync("openssl", ["verify", "-x509_strict", "-purpose", purpose, "-CAfile", path("ca.crt"), path(leaf)], {
        stdio: "pipe",
      });
    expect(verify("sslserver", "server/tls.crt").toString()).toContain("OK");
    expect(verify("sslclient", "client/tls.crt").toString()).toContain("OK");
    expect(() => verify("sslserver", "client/tls.crt")).toThrow();
  });

  test("leave no key of their authority behind", async () => {
    await generate();
    const ca = certificate("ca.crt");
    const keys = filesIn(out).filter((path) => read(path).includes("PRIVATE KEY"));
    expect(keys).toEqual(["client/tls.key", "jwt/signing.pem", "server/tls.key"]);
    expect(keys.some((path) => ca.checkPrivateKey(createPrivateKey(read(path))))).toBe(false);
  });

  test.each(["", "two words", "http://gateway.example", "-a.example", "a..b", "300.1.1.1/8", "*", "a.*.example", "ü"])(
    "are refused for a server called %j",
    async (name) => {
      await expect(generate({ serverSans: [name] })).rejects.toThrow("expected a DNS name or an IP address");
      expect(existsSync(out)).toBe(false);
    },
  );
});

describe("what is there", () => {
  const state = () => Object.fromEntries(filesIn(out).map((path) => [path, read(path)]));

  test("is kept, and that is said", async () => {
    await generate();
    const before = state();
    const reports = await generate();
    expect(state()).toEqual(before);
    expect(describeGenerated(reports).split("\n")).toEqual([
      `JWT signing key: all files are in ${out} already, nothing was changed`,
      `TLS certificates: all files are in ${out} already, nothing was changed`,
    ]);
  });

  test.each([
    ["certificates get a signing key", "jwt", ["made", "kept"]],
    ["a signing key gets certificates", "tls", ["kept", "made"]],
  ])("%s beside them", async (_name, absent, outcomes) => {
    await generate();
    const before = state();
    for (const path of absent === "jwt" ? jwtFiles : tlsFiles) rmSync(join(out, path));
    expect((await generate()).map(({ outcome }) => outcome)).toEqual(outcomes);
    for (const path of absent === "jwt" ? tlsFiles : jwtFiles) expect(read(path)).toBe(before[path]);
  });

  test.each([
    [["jwt/kid"], "the JWT signing key set is incomplete, jwt/kid is missing"],
    [["jwt/signing.pem", "jwt/kid"], "the JWT signing key set is incomplete, jwt/signing.pem, jwt/kid are missing"],
    [["server/tls.key"], "the TLS certificates set is incomplete, server/tls.key is missing"],
    [["ca.crt", "client/tls.key"], "the TLS certificates set is incomplete, ca.crt, client/tls.key are missing"],
  ])("without %j is refused, and stays as it is", async (missing, message) => {
    await generate();
    for (const path of missing) unlinkSync(join(out, path));
    const before = state();
    await expect(generate()).rejects.toThrow(message);
    expect(state()).toEqual(before);
  });

  test("incomplete certificates do not keep a signing key from being made alone", async () => {
    mkdirSync(out);
    writeFileSync(join(out, "ca.crt"), "");
    expect((await generate({ jwtOnly: true })).map(({ outcome }) => outcome)).toEqual(["made"]);
  });
});

test("a dry run makes nothing and says what would be made", async () => {
  const lines = describeGenerated(await generate({ dryRun: true })).split("\n");
  expect(lines[0]).toBe(`JWT signing key: would be made in ${out}`);
  expect(lines).toContain("  server/tls.key");
  expect(existsSync(out)).toBe(false);
});

test("a report holds no byte of a key", async () => {
  const text = describeGenerated(await generate());
  expect(text).not.toContain("PRIVATE");
  expect(text).not.toContain(read("jwt/signing.pem").split("\n")[1]);
});

test("two gateways that start at once agree on one signing key", async () => {
  const outcomes = await Promise.all(Array.from({ length: 8 }, () => ensureSigningKeys(out)));
  expect(outcomes.filter((outcome) => outcome === "made")).toHaveLength(1);
  expect(filesIn(out)).toEqual(jwtFiles);
  expect(await ensureSigningKeys(out)).toBe("kept");
});

test("an incomplete signing key stops a start", async () => {
  await ensureSigningKeys(out);
  unlinkSync(join(out, "jwt/public.pem"));
  await expect(ensureSigningKeys(out)).rejects.toThrow("jwt/public.pem is missing");
});

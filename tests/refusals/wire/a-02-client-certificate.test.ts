import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { OpenShell } from "../../../gen/openshell/v1/openshell_pb.ts";
import { systemClock } from "../../../src/core/clock.ts";
import { generateCerts } from "../../../src/tokens/generate-certs/index.ts";
import { startTestGateway, type TestGateway } from "../../support/gateway.ts";
import type { HttpRequest } from "../../support/http-exchange.ts";
import { protocols } from "../../support/protocols.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

/** The certificate that `generate-certs` makes for clients: users and sandboxes hold copies of one and the same. */
let tls: NonNullable<HttpRequest["tls"]>;
let gateway: TestGateway;
const life = new AsyncDisposableStack();

beforeAll(async () => {
  const { path } = life.use(await temporaryDirectory());
  await generateCerts({ outputDir: path, clock: systemClock });
  const at = (name: string) => join(path, name);
  const [ca, cert, key] = await Promise.all(
    ["ca.crt", "client/tls.crt", "client/tls.key"].map((name) => readFile(at(name))),
  );
  tls = { ca: ca!, cert: cert!, key: key! };
  const source = {
    ...{ certFile: at("server/tls.crt"), keyFile: at("server/tls.key"), clientCaFile: at("ca.crt") },
    clientCertificates: "required",
  } as const;
  gateway = life.use(
    await startTestGateway({
      settings: {
        listeners: (["users", "sandboxes"] as const).map((kind) => ({ kind, host: "127.0.0.1", port: 0, tls: source })),
      },
    }),
  );
});
afterAll(() => life.disposeAsync());

const { health, listSandboxes, getSandboxConfig, refreshSandboxToken, connectSupervisor } = OpenShell.method;
const sandboxId = crypto.randomUUID();
const missing = { code: "unauthenticated", message: "missing authorization header", answers: [] };

test.each(protocols)("A-02: a client certificate alone is no sandbox, over $name", async (protocol) => {
  const hello = { payload: { case: "hello", value: { sandboxId, instanceId: "x" } } } as const;
  for (const url of [gateway.url, gateway.sandboxesUrl]) {
    expect(await protocol.call(url, refreshSandboxToken, [{}], { tls })).toMatchObject(missing);
    expect(await protocol.call(url, connectSupervisor, [hello], { tls })).toMatchObject(missing);
  }
});

test.each(protocols)(
  "A-02: where sandboxes call, a client certificate alone is no user, over $name",
  async (protocol) => {
    expect(await protocol.call(gateway.sandboxesUrl, listSandboxes, [{}], { tls })).toMatchObject(missing);
    expect(await protocol.call(gateway.sandboxesUrl, getSandboxConfig, [{ sandboxId }], { tls })).toMatchObject(
      missing,
    );
  },
);

test("a connection without that certificate comes to nothing, and one with it is heard", async () => {
  for (const protocol of protocols) {
    const { ca } = tls;
    await expect(protocol.call(gateway.url, health, [{}], { tls: { ca } })).rejects.toThrow();
    expect(await protocol.call(gateway.url, health, [{}], { tls })).toMatchObject({ code: "ok" });
  }
});

import type { DescMethod } from "@bufbuild/protobuf";
import { afterAll, beforeAll, expect, test } from "vitest";
import { inferenceAuthorization } from "../../../gen/openshell/inference/v1/inference_authz.ts";
import { Inference } from "../../../gen/openshell/inference/v1/inference_pb.ts";
import { openShellAuthorization } from "../../../gen/openshell/v1/openshell_authz.ts";
import { OpenShell } from "../../../gen/openshell/v1/openshell_pb.ts";
import type { AuthMode, AuthorizationRow } from "../../../src/access/index.ts";
import { startTestGateway, type TestGateway, type TestSandbox } from "../../support/gateway.ts";
import { namedRequest } from "../../support/named-request.ts";
import { bearer, protocols } from "../../support/protocols.ts";

const table: Readonly<Record<string, AuthorizationRow>> = { ...openShellAuthorization, ...inferenceAuthorization };
const methods: DescMethod[] = [...OpenShell.methods, ...Inference.methods];
const ofMode = (mode: AuthMode) =>
  methods.filter(({ localName }) => table[localName]?.mode === mode).map((method) => [method.name, method] as const);

let gateway: TestGateway;
let sandbox: TestSandbox;

beforeAll(async () => {
  gateway = await startTestGateway();
  sandbox = await gateway.createSandbox();
});
afterAll(() => gateway[Symbol.asyncDispose]());

const requestFor = (method: DescMethod) => namedRequest(method.input, table[method.localName]!, {}, sandbox);
const missing = { code: "unauthenticated", message: "missing authorization header", answers: [] };

test.each([...ofMode("sandbox"), ...ofMode("dual")])("A-01: %s without a credential is refused", async (_, method) => {
  for (const protocol of protocols) {
    const answer = await protocol.call(gateway.sandboxesUrl, method, [requestFor(method)]);
    expect(answer, protocol.name).toMatchObject(missing);
  }
});

test.each(ofMode("sandbox"))("A-01: %s is refused before its body is there", async (_, method) => {
  const begun = Buffer.alloc(64 * 1024, 0xff);
  for (const protocol of protocols) {
    const answer = await protocol.call(gateway.sandboxesUrl, method, [], { body: begun, endless: true });
    expect(answer, protocol.name).toMatchObject(missing);
  }
});

test.each(ofMode("sandbox"))("A-03: %s is refused where users need no credential", async (_, method) => {
  for (const protocol of protocols) {
    const answer = await protocol.call(gateway.url, method, [requestFor(method)]);
    expect(answer, protocol.name).toMatchObject(missing);
  }
});

test.each(ofMode("bearer"))("A-04: %s is refused to a sandbox, with its own good token", async (_, method) => {
  const headers = bearer(await sandbox.token());
  for (const protocol of protocols) {
    for (const url of [gateway.url, gateway.sandboxesUrl]) {
      const answer = await protocol.call(url, method, [requestFor(method)], { headers });
      expect(answer, `${protocol.name} ${url}`).toMatchObject({
        code: "permission_denied",
        message: "sandbox principals may not call this method",
        answers: [],
      });
    }
  }
});

test("A-03: a bad credential makes nobody the development user", async () => {
  for (const protocol of protocols) {
    const headers = bearer("bad");
    const answer = await protocol.call(gateway.url, OpenShell.method.listSandboxes, [{}], { headers });
    expect(answer, protocol.name).toMatchObject({ code: "unauthenticated", message: "invalid token" });
    const without = await protocol.call(gateway.url, OpenShell.method.listSandboxes, [{}]);
    expect(without, protocol.name).toMatchObject({ code: "ok" });
  }
});

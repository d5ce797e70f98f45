import type { DescMethod, JsonObject } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { inferenceAuthorization } from "../../gen/openshell/inference/v1/inference_authz.ts";
import { Inference } from "../../gen/openshell/inference/v1/inference_pb.ts";
import { openShellAuthorization } from "../../gen/openshell/v1/openshell_authz.ts";
import { OpenShell } from "../../gen/openshell/v1/openshell_pb.ts";
import type { AuthorizationRow } from "../../src/access/index.ts";
import { startTestGateway, type TestGateway, type TestSandbox } from "../support/gateway.ts";
import type { HeaderLines } from "../support/http-exchange.ts";
import { namedRequest } from "../support/named-request.ts";
import { bearer, protocols } from "../support/protocols.ts";

const table: Readonly<Record<string, AuthorizationRow>> = { ...openShellAuthorization, ...inferenceAuthorization };
const methods: DescMethod[] = [...OpenShell.methods, ...Inference.methods];

/** Methods that work; all others must say that they do not. */
const built = new Set([
  ...["Health", "GetGatewayInfo", "GetCurrentUser", "CreateSandbox", "GetSandbox", "ListSandboxes", "DeleteSandbox"],
  ...["GetSandboxConfig", "UpdateConfig", "ReportPolicyStatus", "PushSandboxLogs", "GetSandboxLogs", "WatchSandbox"],
  ...["RefreshSandboxToken", "IssueSandboxToken", "ConnectSupervisor", "StopSandbox", "StartSandbox"],
]);

/** What a request must hold to be a good one, beside the sandbox that it names. */
const contents: Readonly<Record<string, JsonObject>> = {
  UpdateConfig: { policy: { version: 1 } },
  ReportPolicyStatus: { version: 1, status: "POLICY_STATUS_LOADED" },
  ConnectSupervisor: { hello: { instanceId: "walk" } },
};

type Caller =
  | "nobody, where sandboxes call"
  | "a page of another origin"
  | "the development user"
  | "a sandbox"
  | "another sandbox"
  | "a deleted sandbox";

/** What a row promises to a caller, told without the code that keeps the promise. */
function promised(name: string, row: AuthorizationRow, caller: Caller): string {
  if (row.mode === "unauthenticated") return "ok";
  const served = name === "IssueSandboxToken" ? "permission_denied" : built.has(name) ? "ok" : "unimplemented";
  switch (caller) {
    case "nobody, where sandboxes call":
    case "a page of another origin":
    case "a deleted sandbox":
      return "unauthenticated";
    case "the development user":
      return row.mode === "sandbox" ? "unauthenticated" : served;
    case "a sandbox":
      return row.mode === "bearer" ? "permission_denied" : served;
    case "another sandbox":
      return row.mode === "bearer" || row.sandbox?.from === "request" ? "permission_denied" : served;
  }
}

let gateway: TestGateway;
/** For calls that change nothing, as they are refused. */
let standing: TestSandbox;
let stranger: TestSandbox;
let goneToken: string;

async function newSandbox(name?: string): Promise<TestSandbox> {
  const sandbox = await gateway.createSandbox(name);
  await gateway.client().updateConfig({ name: sandbox.name, policy: { version: 1 } });
  return sandbox;
}

beforeAll(async () => {
  gateway = await startTestGateway();
  standing = await newSandbox("standing");
  stranger = await newSandbox("stranger");
  const gone = await newSandbox("gone");
  const { token } = await gateway.client(await gone.token()).refreshSandboxToken({});
  await gateway.client().deleteSandbox({ name: gone.name });
  goneToken = token;
});
afterAll(() => gateway[Symbol.asyncDispose]());

/** How a caller calls about a sandbox. */
const approaches: Readonly<
  Record<Caller, (target: TestSandbox) => Promise<{ readonly url: string; readonly headers: HeaderLines }>>
> = {
  "nobody, where sandboxes call": async () => ({ url: gateway.sandboxesUrl, headers: [] }),
  "a page of another origin": async () => ({ url: gateway.url, headers: [["origin", "http://evil.example"]] }),
  "the development user": async () => ({ url: gateway.url, headers: [] }),
  "a sandbox": async (target) => ({ url: gateway.sandboxesUrl, headers: bearer(await target.token()) }),
  "another sandbox": async () => ({ url: gateway.sandboxesUrl, headers: bearer(await stranger.token()) }),
  "a deleted sandbox": async () => ({ url: gateway.sandboxesUrl, headers: bearer(goneToken) }),
};

test("there are 71 methods, and each has a row", () => {
  expect(methods).toHaveLength(71);
  expect(methods.map(({ localName }) => localName).filter((name) => !table[name])).toEqual([]);
});

const cells = protocols.flatMap((protocol) =>
  (Object.keys(approaches) as Caller[]).map((caller) => ({ name: protocol.name, protocol, caller })),
);

describe.each(cells)("$caller over $name", ({ protocol, caller }) => {
  test.each(methods.map((method) => [method.name, method] as const))(
    "gets of %s what its row says",
    async (_, method) => {
      const row = table[method.localName]!;
      const expected = promised(method.name, row, caller);
      const target = expected === "ok" ? await newSandbox() : standing;
      const { url, headers } = await approaches[caller](target);
      const request = namedRequest(method.input, row, contents[method.name] ?? {}, target);
      const { code, message } = await protocol.call(url, method, [request], { headers });
      expect(code, message).toBe(expected);
    },
  );
});

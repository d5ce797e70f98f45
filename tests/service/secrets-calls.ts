import type { DescMethod } from "@bufbuild/protobuf";
import { expect } from "vitest";
import { OpenShell } from "../../gen/openshell/v1/openshell_pb.ts";
import type { TestGateway } from "../support/gateway.ts";
import { exchange1, type HeaderLines } from "../support/http-exchange.ts";
import { bearer, type CallOptions, type Protocol, pathTo, protocols, type WireAnswer } from "../support/protocols.ts";

const { getSandboxConfig, refreshSandboxToken, pushSandboxLogs, updateConfig, createSandbox, listSandboxes } =
  OpenShell.method;

/** What is answered to a token that is no good: everything but the messages, as text. */
export async function refusedToken(gateway: TestGateway, token: string, sandboxId: string): Promise<string[]> {
  const calls: readonly [DescMethod, Record<string, unknown>, string][] = [
    [getSandboxConfig, { sandboxId }, token],
    [pushSandboxLogs, { sandboxId, logs: [] }, token],
    [refreshSandboxToken, {}, `${token}x`],
  ];
  return overAll(calls, async (protocol, [method, request, presented]) => {
    const answer = await protocol.call(gateway.sandboxesUrl, method, [request], { headers: bearer(presented) });
    expect(answer.code).toBe("unauthenticated");
    return answer;
  });
}

/** What is answered to a good token where none belongs: in fields, in the URL, in headers, in a path, in bad JSON. */
export async function misplacedToken({ url, sandboxesUrl }: TestGateway, token: string): Promise<string[]> {
  const headers = bearer(token);
  const calls: readonly [string, DescMethod, Record<string, unknown>, CallOptions][] = [
    [sandboxesUrl, getSandboxConfig, { sandboxId: token }, { headers }],
    [sandboxesUrl, updateConfig, { name: token, workspace: token }, { headers }],
    [sandboxesUrl, getSandboxConfig, {}, { headers, query: `?access_token=${token}` }],
    [url, createSandbox, { name: token, workspace: token, labels: { [token]: token } }, {}],
    [url, createSandbox, { name: "x", labels: { [token]: token } }, {}],
    [url, createSandbox, { name: "x", spec: { environment: { [token]: token }, logLevel: token } }, {}],
    [url, updateConfig, { global: true, settingKey: token }, {}],
    [url, listSandboxes, { labelSelector: token }, {}],
    [
      url,
      listSandboxes,
      {},
      {
        headers: [
          ["x-token", token],
          ["user-agent", token],
          ["cookie", token],
        ],
      },
    ],
  ];
  const answers = await overAll(calls, (protocol, [base, method, request, options]) =>
    protocol.call(base, method, [request], options),
  );
  return [...answers, ...(await misplacedInJson(url, token))];
}

async function misplacedInJson(url: string, token: string): Promise<string[]> {
  const config = pathTo(getSandboxConfig);
  const requests = [
    [`/${token}`, "{}"],
    [`/openshell.v1.OpenShell/${token}`, "{}"],
    [config, `{"sandboxId":"${token}`],
    [config, `{"${token}":1,"sandboxId":7}`],
    [config, `{"sandboxId":{"${token}":"${token}"}}`],
    [config, token],
  ] as const;
  const headers: HeaderLines = [["content-type", "application/json"], ...bearer(token)];
  return Promise.all(
    requests.map(async ([path, body]) => {
      const answer = await exchange1(url, { path, headers, body: Buffer.from(body) });
      expect(answer.status).toBeGreaterThanOrEqual(400);
      return `${JSON.stringify(answer.headers)} ${answer.body}`;
    }),
  );
}

async function overAll<C>(calls: readonly C[], call: (protocol: Protocol, one: C) => Promise<WireAnswer>) {
  const answers = protocols.flatMap((protocol) => calls.map((one) => call(protocol, one)));
  return (await Promise.all(answers)).map(({ answers: _, ...rest }) => JSON.stringify(rest));
}

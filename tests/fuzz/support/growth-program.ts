import { createPrivateKey } from "node:crypto";
import { setTimeout as after } from "node:timers/promises";
import fc from "fast-check";
import { startTestGateway } from "../../support/gateway.ts";
import { framed } from "../../support/protocols.ts";
import { grpcBodies } from "../corpus/grpc-bodies.ts";
import { oddHeaders, oddLines } from "../corpus/headers.ts";
import { oddBodies, oddJson } from "../corpus/json.ts";
import { spoiledTokens } from "../corpus/spoiled-tokens.ts";
import { goodHeaders, ownConfig } from "./grpc-call.ts";
import type { HeaderList } from "./hpack.ts";
import { answerReader, dataFrame, headerFrames, opening } from "./raw-http2.ts";
import { type Reader, send } from "./send.ts";
import { spoil } from "./spoiled-token.ts";

/**
 * Sends round after round of bad input to one gateway in this process, and prints what memory it has after each, in
 * bytes, as one line of JSON. Needs --expose-gc.
 */
const [rounds = 0, inputs = 0, seed = 0] = process.argv.slice(2).map(Number);

await using gateway = await startTestGateway({
  logLevel: "info",
  settings: { limits: { headersMs: 50, requestMs: 50, idleMs: 50 } },
});
const sandbox = await gateway.createSandbox("alpha");
const token = await sandbox.token();
const key = createPrivateKey(gateway.signingKey.signing.reveal());
const port = Number(new URL(gateway.url).port);

const grpc = (bearer: string, body: Uint8Array, more: HeaderList = []) => {
  const headers: HeaderList = [...goodHeaders.slice(0, -1), ["authorization", `Bearer ${bearer}`], ...more];
  const frames = [opening, headerFrames(headers), dataFrame(body, { endStream: true })];
  return send(port, [Buffer.concat(frames)], answerReader());
};
const http1 = (body: string, line = "") => {
  const head = [
    "POST /openshell.v1.OpenShell/CreateSandbox HTTP/1.1",
    "host: 127.0.0.1",
    "content-type: application/json",
  ];
  const bytes = Buffer.from(body);
  const text = `${head.join("\r\n")}\r\nconnection: close\r\ncontent-length: ${bytes.length}\r\n${line}\r\n`;
  return send(port, [Buffer.concat([Buffer.from(text, "latin1"), bytes])], ignoring());
};
const ignoring = (): Reader<void> => ({ take: () => false, answer: () => undefined });

/** Nothing that makes something, as that would be growth of another kind. */
const attempt = fc.oneof(
  fc.constantFrom(...spoiledTokens).map((how) => () => grpc(spoil(token, token, key, how), framed(ownConfig))),
  fc.string({ maxLength: 200 }).map((text) => () => grpc(Buffer.from(text).toString("base64url"), framed(ownConfig))),
  fc.constantFrom(...oddHeaders).map((headers) => () => grpc(token, framed(ownConfig), headers)),
  fc.constantFrom(...Object.values(grpcBodies)).map(
    ({ body, headers }) =>
      () =>
        grpc(token, body, headers),
  ),
  fc.constantFrom(...oddLines).map((line) => () => http1('{"name":"-"}', line)),
  fc.constantFrom(...oddBodies, ...oddJson).map((text) => () => http1(`{"name":"-","labels":${text}}`)),
);

async function settled(): Promise<{ heap: number; rss: number }> {
  gateway.logged.length = 0;
  await after(300);
  for (let at = 0; at < 4; at++) {
    globalThis.gc?.();
    await after(10);
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heap: heapUsed + external, rss };
}

const measured = [];
for (let round = 0; round < rounds; round++) {
  for (const one of fc.sample(attempt, { numRuns: inputs, seed: seed + round })) await one();
  measured.push(await settled());
}
const { workspace } = await gateway.client(token).getSandboxConfig({ sandboxId: sandbox.id });
process.stdout.write(`${JSON.stringify({ measured, workspace })}\n`);

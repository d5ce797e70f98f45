import { expect, test } from "vitest";
import { sandboxId, startFrontDoor } from "../protocols/support/fixture.ts";
import { config } from "../protocols/support/http2-client.ts";
import { post, raw } from "../protocols/support/raw-http1.ts";

const body = JSON.stringify({ sandboxId });

test.each([
  ["the query", `${config}?access_token=sandbox&authorization=Bearer+sandbox`, []],
  ["a cookie", config, ["cookie: authorization=Bearer sandbox; token=sandbox"]],
  ["binary metadata", config, [`authorization-bin: ${Buffer.from("Bearer sandbox").toString("base64")}`]],
  ["Proxy-Authorization", config, ["proxy-authorization: Bearer sandbox"]],
  ["X-Authorization", config, ["x-authorization: Bearer sandbox"]],
])("A-28: a token in %s is none", async (_where, path, headers) => {
  await using fixture = await startFrontDoor();
  expect(await raw(fixture, post(path, body, ...headers))).toContain(`"message":"missing authorization header"`);
  expect(fixture.records).toMatchObject([{ code: "unauthenticated", reason: "credential-missing" }]);
});

test.each([
  "Basic c2FuZGJveDp4",
  "Bearer  sandbox",
  "Bearer\tsandbox",
  "Bearer sandbox, Bearer sandbox",
  "Bearer sandbox Bearer sandbox",
  "sandbox",
  "",
])("A-28: %j is refused over the wire", async (value) => {
  await using fixture = await startFrontDoor();
  await raw(fixture, post(config, body, `authorization: ${value}`));
  expect(fixture.records).toMatchObject([{ code: "unauthenticated", reason: "credential-malformed" }]);
});

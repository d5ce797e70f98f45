import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { OpenShell } from "../../../gen/openshell/v1/openshell_pb.ts";
import { startTestGateway, type TestGateway, type TestSandbox } from "../../support/gateway.ts";
import { bearer, protocols } from "../../support/protocols.ts";

let gateway: TestGateway;
let own: TestSandbox;

beforeAll(async () => {
  gateway = await startTestGateway();
  own = await gateway.createSandbox("a-box");
});
afterAll(() => gateway[Symbol.asyncDispose]());

/** Texts that look like the right one, or that somebody might bring to it. */
const spellings: readonly (readonly [string, (text: string) => string])[] = [
  ["a Cyrillic homoglyph", (text) => text.replace(/[a-e0]/, "\u0430")],
  ["a decomposed letter", (text) => `${text}e\u0301`],
  ["a composed letter", (text) => `${text}\u00e9`],
  ["a zero-width space", (text) => `${text.slice(0, 3)}\u200b${text.slice(3)}`],
  ["a byte order mark", (text) => `\ufeff${text}`],
  ["a right-to-left override", (text) => `\u202e${text}`],
  ["full-width digits", (text) => `${text.slice(0, -1)}\uff11`],
  ["a space behind", (text) => `${text} `],
  ["a space before", (text) => ` ${text}`],
  ["a line break behind", (text) => `${text}\n`],
  ["a dot behind", (text) => `${text}.`],
  ["upper case", (text) => text.toUpperCase()],
  ["an encoded dot", (text) => `${text}%2e`],
  ["an encoded letter", (text) => text.replace(/^./, (first) => `%${first.charCodeAt(0).toString(16)}`)],
  ["a NUL behind", (text) => `${text}\u0000`],
  ["a NUL inside", (text) => `${text.slice(0, 2)}\u0000${text.slice(2)}`],
  ["a path before", (text) => `../${text}`],
  ["a slash behind", (text) => `${text}/`],
  ["a dash behind", (text) => `${text}-`],
  ["braces around it", (text) => `{${text}}`],
  ["a URN's beginning", (text) => `urn:uuid:${text}`],
  ["an unprintable tag", (text) => `${text}\u{e0041}`],
  ["64 characters", (text) => text.padEnd(64, "a")],
  ["a million characters", (text) => text.padEnd(1_000_000, "a")],
];

describe.each(protocols)("over $name", (protocol) => {
  test.each(spellings)("A-53: the own id and name with %s are refused as they are written", async (_, spell) => {
    const headers = bearer(await own.token());
    const { getSandboxConfig, updateConfig, getDraftPolicy } = OpenShell.method;
    const url = gateway.sandboxesUrl;
    const [sandboxId, name] = [spell(own.id), spell(own.name)];
    const answers = [
      await protocol.call(url, getSandboxConfig, [{ sandboxId }], { headers }),
      await protocol.call(url, updateConfig, [{ name, policy: { version: 1 } }], { headers }),
      await protocol.call(url, getDraftPolicy, [{ name, workspace: "default" }], { headers }),
      await protocol.call(url, getDraftPolicy, [{ name: own.name, workspace: spell("default") }], { headers }),
    ];
    for (const { code, message } of answers) {
      expect({ code, message }).toEqual({
        code: "invalid_argument",
        message: expect.stringMatching(/^(sandbox_id|name|workspace): expected 1 to 63 characters of a-z, 0-9 and "-"/),
      });
      expect(message).not.toContain(own.id);
    }
  });

  test("A-53: a label that is no id is refused like another sandbox's", async () => {
    const headers = bearer(await own.token());
    for (const sandboxId of [own.name, own.id.slice(1), `${own.id}0`, own.id.replaceAll("-", "")]) {
      const call = protocol.call(gateway.sandboxesUrl, OpenShell.method.getSandboxConfig, [{ sandboxId }], { headers });
      expect(await call, sandboxId).toMatchObject({ code: "permission_denied" });
    }
  });

  test("the id and the name as they are, are served", async () => {
    const headers = bearer(await own.token());
    const { getSandboxConfig, updateConfig } = OpenShell.method;
    const read = protocol.call(gateway.sandboxesUrl, getSandboxConfig, [{ sandboxId: own.id }], { headers });
    expect(await read).toMatchObject({ code: "ok" });
    const sync = [{ name: own.name, workspace: "default", policy: { version: 1 } }];
    expect(await protocol.call(gateway.sandboxesUrl, updateConfig, sync, { headers })).toMatchObject({ code: "ok" });
  });
});

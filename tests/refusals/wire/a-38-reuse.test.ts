import type { DescMethod } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { OpenShell } from "../../../gen/openshell/v1/openshell_pb.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { startTestGateway } from "../../support/gateway.ts";
import { bearer, type Protocol, protocols } from "../../support/protocols.ts";

const { getSandboxConfig, refreshSandboxToken } = OpenShell.method;
const graceMs = 10_000;

/** A gateway whose clock the test owns, and a sandbox of it that speaks one protocol. */
async function startScene(protocol: Protocol) {
  const clock = new FakeClock();
  const gateway = await startTestGateway({ clock });
  const sandbox = await gateway.createSandbox();
  const call = (method: DescMethod, request: Record<string, unknown>, token: string) =>
    protocol.call(gateway.sandboxesUrl, method, [request], { headers: bearer(token) });
  return {
    ...{ clock, gateway, sandbox },
    first: await sandbox.token(),
    use: (token: string) => call(getSandboxConfig, { sandboxId: sandbox.id }, token),
    /** The successor, or the status that came in its place. */
    async refresh(token: string): Promise<string> {
      const { code, answers } = await call(refreshSandboxToken, {}, token);
      const [answer] = answers as readonly { token?: string }[];
      return answer?.token ?? code;
    },
    reuses: () => gateway.audited().filter(({ event }) => event === "token.reused"),
    [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose](),
  };
}

test.each(protocols)(
  "A-38: a token whose successor was presented is refused after the grace and ends the family, over $name",
  async (protocol) => {
    await using scene = await startScene(protocol);
    const second = await scene.refresh(scene.first);
    expect(await scene.use(second)).toMatchObject({ code: "ok" });
    await scene.clock.advance(graceMs);
    expect(await scene.refresh(scene.first)).toBe("unauthenticated");
    expect(scene.reuses()).toMatchObject([{ principal: `sandbox:${scene.sandbox.id}`, sandboxId: scene.sandbox.id }]);
    expect(await scene.use(second)).toMatchObject({ code: "unauthenticated", message: "invalid token" });
    expect(await scene.refresh(second)).toBe("unauthenticated");
    // The sandbox gets a new family, the thief nothing.
    await expect.poll(() => scene.sandbox.token()).not.toBe(second);
    expect(await scene.use(await scene.sandbox.token())).toMatchObject({ code: "ok" });
  },
);

test.each(protocols)(
  "A-38: a token two behind is refused within the grace and ends the family, over $name",
  async (protocol) => {
    await using scene = await startScene(protocol);
    const second = await scene.refresh(scene.first);
    const third = await scene.refresh(second);
    expect(await scene.refresh(scene.first)).toBe("unauthenticated");
    for (const token of [scene.first, second, third])
      expect(await scene.use(token)).toMatchObject({ code: "unauthenticated" });
    expect(scene.reuses()).toHaveLength(1);
  },
);

test.each(protocols)("A-38: a token that is replayed after two refreshes is refused, over $name", async (protocol) => {
  await using scene = await startScene(protocol);
  const second = await scene.refresh(scene.first);
  await scene.clock.advance(600_000);
  await scene.refresh(second);
  await scene.clock.advance(600_000);
  expect(await scene.refresh(scene.first)).toBe("unauthenticated");
  expect(scene.reuses()).toHaveLength(1);
});

test.each(protocols)("A-38: a refreshed token is refused by other methods at once, over $name", async (protocol) => {
  await using scene = await startScene(protocol);
  expect(await scene.use(scene.first)).toMatchObject({ code: "ok" });
  const second = await scene.refresh(scene.first);
  expect(await scene.use(scene.first)).toMatchObject({ code: "unauthenticated", message: "invalid token" });
  expect(await scene.use(second)).toMatchObject({ code: "ok" });
});

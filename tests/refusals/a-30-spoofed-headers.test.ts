import { expect, test } from "vitest";
import { as, clientOf, transports } from "../protocols/support/clients.ts";
import { sandboxId, startFrontDoor } from "../protocols/support/fixture.ts";

const spoofed = {
  "x-forwarded-for": "10.0.0.1",
  "x-real-ip": "10.0.0.1",
  forwarded: "for=10.0.0.1;proto=https",
  "x-forwarded-proto": "https",
  "x-forwarded-host": "evil.example",
  "x-forwarded-client-cert": 'Subject="CN=admin"',
  "x-sandbox-id": "00000000-0000-4000-8000-000000000000",
  "x-user": "admin",
  "x-http-method-override": "GET",
};

test.each(transports)("A-30: over %s headers that proxies set change nothing", async (_name, make) => {
  await using fixture = await startFrontDoor();
  const client = clientOf(make(fixture.url));
  const headers = { ...as("sandbox").headers, ...spoofed };
  expect(await client.getSandboxConfig({ sandboxId }, { headers })).toMatchObject({ workspace: "default" });
  const host = `127.0.0.1:${fixture.address.port}`;
  expect(fixture.arrivals).toMatchObject([{ peer: "127.0.0.1", host, encrypted: false, listener: "users" }]);
  await expect(client.getSandboxConfig({ sandboxId }, { headers: spoofed })).rejects.toMatchObject({ code: 16 });
});

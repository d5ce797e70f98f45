import { expect, test } from "vitest";
import { type Fixture, received, startFrontDoor } from "../protocols/support/fixture.ts";
import { config, health } from "../protocols/support/http2-client.ts";

const call = (path: string) =>
  `POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}`;
const answersIn = (text: string) => text.split("HTTP/1.1 200 ").length - 1;

async function closes(fixture: Fixture, says: string): Promise<string> {
  const socket = await fixture.socket();
  const all = received(socket);
  socket.write(says);
  return all;
}

test("A-72: sixteen requests may be sent on a connection of HTTP/1.1 before the first is answered", async () => {
  await using fixture = await startFrontDoor();
  const last = call(health).replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n");
  expect(answersIn(await closes(fixture, call(health).repeat(15) + last))).toBe(16);
});

test("A-72: who sends more of them loses the connection, and begins no more than that", async () => {
  const answer = Promise.withResolvers<void>();
  let begun = 0;
  const handlers = {
    health: async () => {
      begun++;
      await answer.promise;
      return { version: "late" };
    },
  };
  await using fixture = await startFrontDoor({ handlers });
  expect(await closes(fixture, call(health).repeat(1_000))).toBe("");
  expect(begun).toBeLessThanOrEqual(16);
  answer.resolve();
  await fixture.door.drain("nothing is in flight", 60_000);
});

test("A-72: requests that follow their answers are not counted together", async () => {
  await using fixture = await startFrontDoor();
  const socket = await fixture.socket();
  for (let round = 0; round < 100; round++) {
    const answered = new Promise<string>((resolve) => socket.once("data", (data) => resolve(String(data))));
    socket.write(call(health));
    expect(await answered).toMatch(/^HTTP\/1\.1 200 /);
  }
  socket.destroy();
});

test("A-72: over HTTP/1.1, an answer that nobody takes ends its connection", async () => {
  const handlers = { getSandboxConfig: () => ({ policyHash: "x".repeat(3_000_000) }) };
  const records = 3;
  await using fixture = await startFrontDoor({ handlers, limits: { requestMs: 300 } });
  const sockets = await Promise.all(Array.from({ length: records }, () => fixture.socket()));
  for (const socket of sockets) {
    socket.on("error", () => undefined).pause();
    const asked = call(config).replace("\r\n\r\n", "\r\nauthorization: Bearer sandbox\r\n\r\n");
    // More than fits into the buffers of both kernels.
    socket.write(asked.replace("{}", "").replace("content-length: 2", "content-length: 0").repeat(8));
  }
  await fixture.door.drain("what is not taken is given up", 60_000);
  for (const socket of sockets) socket.destroy();
});

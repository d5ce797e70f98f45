import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { expect, test } from "vitest";
import { newHome } from "../run-program.ts";

test("a host that takes the connection and says nothing is given up after 10 seconds, as out of time", async () => {
  const silent = createServer();
  silent.listen(0, "127.0.0.1");
  await once(silent, "listening");
  try {
    await using user = newHome();
    const endpoint = `https://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const taken = once(silent, "connection");
    const run = user.openshell(["--gateway-endpoint", endpoint, "status"]);
    const [socket] = await taken;
    await user.clock.advance(9_999);
    expect(user.clock.waiting).toBe(1);
    await user.clock.advance(1);
    expect(await run).toEqual({
      code: 124,
      stdout: "",
      stderr:
        `error: cannot reach the gateway at ${endpoint}: no answer within 10 s\n` +
        "  next: is the network between here and the gateway up, and is the port the right one?\n",
    });
    socket.destroy();
  } finally {
    silent.close();
  }
});

test("an interrupt ends the attempt to connect", async () => {
  const silent = createServer();
  silent.listen(0, "127.0.0.1");
  await once(silent, "listening");
  try {
    await using user = newHome();
    const interrupt = new AbortController();
    const endpoint = `https://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const taken = once(silent, "connection");
    const run = user.openshell(["--gateway-endpoint", endpoint, "whoami"], { signal: interrupt.signal });
    const [socket] = await taken;
    interrupt.abort();
    expect(await run).toEqual({ code: 130, stdout: "", stderr: "interrupted\n" });
    socket.destroy();
  } finally {
    silent.close();
  }
});

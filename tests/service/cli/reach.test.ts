import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { newUser } from "./program.ts";

test("a gateway that does not run is named, with what to do", async () => {
  await using user = await newUser();
  expect(await user.run("--gateway-endpoint", "http://127.0.0.1:1", "sandbox", "list")).toEqual({
    code: 1,
    stdout: "",
    stderr:
      "error: cannot reach the gateway at http://127.0.0.1:1: connection refused\n" +
      "  next: is the gateway running? start one with `npm start` or name another with --gateway-endpoint\n",
  });
});

test("where only plain HTTP passes, status says so", async () => {
  const server = createServer((request, response) => response.writeHead(request.url === "/healthz" ? 200 : 404).end());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  await using user = await newUser();
  try {
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { code, stdout } = await user.run("--gateway-endpoint", endpoint, "status", "-o", "json");
    expect({ code, ...JSON.parse(stdout) }).toEqual({ code: 0, gateway: null, endpoint, status: "connected_http" });
    expect(await user.run("--gateway-endpoint", endpoint, "whoami")).toMatchObject({ code: 1, stdout: "" });
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

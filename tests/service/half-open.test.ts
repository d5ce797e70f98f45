import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { GatewayMessageSchema, SupervisorMessageSchema } from "../../gen/openshell/v1/supervisor_pb.ts";
import { begin, frame, openConnection } from "../bench/grpc.ts";
import { startTestGateway, type TestSandbox } from "../support/gateway.ts";

/** More often than a sandbox may have streams open. */
const comings = 40;

/** A network that loses connections without a word to the gateway, which goes on to believe in them. */
async function lossyNetwork(url: string) {
  const towardsGateway = new Set<Socket>();
  const towardsClient = new Set<Socket>();
  const server = createServer((client) => {
    const gateway = connect(Number(new URL(url).port), "127.0.0.1");
    towardsGateway.add(gateway);
    towardsClient.add(client);
    client.on("error", () => undefined).pipe(gateway, { end: false });
    gateway.on("error", () => undefined).pipe(client);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    lose() {
      for (const socket of towardsGateway) socket.unpipe().pause();
      for (const socket of towardsClient) socket.unpipe().destroy();
      towardsClient.clear();
    },
    [Symbol.dispose]() {
      this.lose();
      for (const socket of towardsGateway) socket.destroy();
      server.close();
    },
  };
}

/** Opens a session; resolves to what the gateway said first: a message's case, or a status. */
async function firstWord(url: string, { id }: TestSandbox, token: string): Promise<string> {
  const connection = await openConnection(url);
  const stream = begin(connection, { method: "ConnectSupervisor", token });
  stream.on("error", () => undefined);
  const hello = { case: "hello", value: { sandboxId: id, instanceId: "one" } } as const;
  stream.write(frame(toBinary(SupervisorMessageSchema, create(SupervisorMessageSchema, { payload: hello }))));
  return new Promise((resolve) => {
    stream.once("data", (data: Buffer) =>
      resolve(fromBinary(GatewayMessageSchema, data.subarray(5)).payload.case ?? ""),
    );
    stream.once("response", (headers) => "grpc-status" in headers && resolve(`status ${headers["grpc-status"]}`));
    stream.once("close", () => resolve("nothing"));
  });
}

test("a supervisor whose connections get lost is let in each time, though the gateway still believes in all of them", async () => {
  await using gateway = await startTestGateway();
  const sandbox = await gateway.createSandbox();
  const token = await sandbox.token();
  using network = await lossyNetwork(gateway.url);
  const words: string[] = [];
  for (let coming = 0; coming < comings; coming++) {
    words.push(await firstWord(network.url, sandbox, token));
    network.lose();
  }
  expect(words).toEqual(Array(comings).fill("sessionAccepted"));
});

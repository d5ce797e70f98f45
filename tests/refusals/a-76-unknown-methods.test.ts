import { Code, createClient } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { SupervisorMiddleware } from "../../gen/openshell/middleware/v1/supervisor_middleware_pb.ts";
import { OpenShell } from "../../gen/openshell/v1/openshell_pb.ts";
import { grpcJs, transports } from "../protocols/support/clients.ts";
import { startFrontDoor } from "../protocols/support/fixture.ts";
import { frame, grpcHeaders, http2Session } from "../protocols/support/http2-client.ts";
import { bothWays, sharedDoor } from "./both-ways.ts";

const unknown = ["/openshell.v1.OpenShell/NoSuchMethod", "/no.Such/Method", "/openshell.v1.OpenShell/health"];

describe.each(bothWays)("A-76: over gRPC on %s", (_way, leanUnary) => {
  const door = sharedDoor(leanUnary);

  test.each(unknown)("%s has a gRPC status and HTTP 200, in headers that end the answer", async (path) => {
    const { headers, body } = await door.ask(grpcHeaders(path), frame(Buffer.alloc(0)));
    expect(headers).toMatchObject({ ":status": 200, "grpc-status": "12", "content-type": "application/grpc" });
    expect(headers["grpc-message"]).toBe("unknown%20method");
    expect(body).toBe("");
    expect(door.news()).toEqual({ records: [], lines: [], arrivals: [] });
  });

  test("an unknown method echoes nothing of what the caller sent", async () => {
    const type = "application/grpc+proto;x=<script>";
    const { headers } = await door.ask({ ...grpcHeaders("/no.Such/<script>"), "content-type": type });
    expect(JSON.stringify(headers)).not.toContain("script");
  });
});

test.each(["application/grpc", "application/json"])(
  "A-76: over HTTP/2 a client of %s that still sends to an unknown method is told to stop",
  async (type) => {
    await using fixture = await startFrontDoor();
    await using session = http2Session(fixture.url);
    const stream = session.request({ ...grpcHeaders("/no.Such/Method"), "content-type": type });
    stream.on("error", () => undefined).resume();
    stream.write("x");
    await new Promise((resolve) => stream.once("close", resolve));
    expect(stream.rstCode).toBe(0);
  },
);

test("A-76: gRPC's own client hears unimplemented", async () => {
  await using fixture = await startFrontDoor();
  const method = { ...OpenShell.method.health, name: "NoSuchMethod" };
  await expect(grpcJs(fixture.url, method, {})).rejects.toMatchObject({ code: 12, details: "unknown method" });
});

describe.each(transports)("A-76: over %s", (_name, make) => {
  test("a service that is not served is unimplemented", async () => {
    await using fixture = await startFrontDoor();
    const client = createClient(SupervisorMiddleware, make(fixture.url));
    await expect(client.describe({})).rejects.toMatchObject({ code: Code.Unimplemented });
  });
});

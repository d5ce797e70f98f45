import { Code, createClient } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { SupervisorMiddleware } from "../../gen/openshell/middleware/v1/supervisor_middleware_pb.ts";
import { OpenShell } from "../../gen/openshell/v1/openshell_pb.ts";
import { grpcJs, transports } from "../protocols/support/clients.ts";
import { startFrontDoor } from "../protocols/support/fixture.ts";
import { ask, frame, grpcHeaders, http2Session } from "../protocols/support/http2-client.ts";

const unknown = ["/openshell.v1.OpenShell/NoSuchMethod", "/no.Such/Method", "/openshell.v1.OpenShell/health"];

test.each(unknown)(
  "A-76: %s over gRPC has a gRPC status and HTTP 200, in headers that end the answer",
  async (path) => {
    await using fixture = await startFrontDoor();
    await using session = http2Session(fixture.url);
    const { headers, body } = await ask(session, grpcHeaders(path), frame(Buffer.alloc(0)));
    expect(headers).toMatchObject({ ":status": 200, "grpc-status": "12", "content-type": "application/grpc" });
    expect(headers["grpc-message"]).toBe("unknown%20method");
    expect(body).toBe("");
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

test("A-76: an unknown method echoes nothing of what the caller sent", async () => {
  await using fixture = await startFrontDoor();
  await using session = http2Session(fixture.url);
  const type = "application/grpc+proto;x=<script>";
  const { headers } = await ask(session, { ...grpcHeaders("/no.Such/<script>"), "content-type": type });
  expect(JSON.stringify(headers)).not.toContain("script");
});

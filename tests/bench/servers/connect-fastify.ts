/** A peer: Connect as its own Fastify plugin mounts it, with real messages both ways; it authenticates nobody. */
import { fromBinary } from "@bufbuild/protobuf";
import { fastifyConnectPlugin } from "@connectrpc/connect-fastify";
import { fastify } from "fastify";
import { GetSandboxConfigResponseSchema } from "../../../gen/openshell/sandbox/v1/config_pb.ts";
import { HealthResponseSchema, OpenShell } from "../../../gen/openshell/v1/openshell_pb.ts";
import { RefreshSandboxTokenResponseSchema } from "../../../gen/openshell/v1/tokens_pb.ts";
import { answering, bodies } from "./answering.ts";

const told = (method: string) => bodies.get(method)?.subarray(5) ?? new Uint8Array();
const app = fastify({ http2: true });
await app.register(fastifyConnectPlugin, {
  routes: (router) => {
    router.service(OpenShell, {
      health: () => fromBinary(HealthResponseSchema, told("Health")),
      getSandboxConfig: () => fromBinary(GetSandboxConfigResponseSchema, told("GetSandboxConfig")),
      refreshSandboxToken: () => fromBinary(RefreshSandboxTokenResponseSchema, told("RefreshSandboxToken")),
      async *connectSupervisor(frames) {
        for await (const _frame of frames) yield { payload: { case: "heartbeat", value: {} } };
      },
    });
  },
});
const url = await app.listen({ host: "127.0.0.1", port: 0 });

answering({ url: () => url }, () => app.close());

import { hash } from "node:crypto";
import { create, toBinary } from "@bufbuild/protobuf";
import { GetSandboxConfigRequestSchema } from "../../gen/openshell/sandbox/v1/config_pb.ts";
import { createSandboxes } from "./create-sandboxes.ts";
import { type Call, callUnary, openConnection } from "./grpc.ts";
import { loadWithH2load } from "./h2load.ts";
import type { Load, Loaded } from "./load.ts";
import { RefreshChains } from "./refresh-chains.ts";
import { isGateway, type ServerProcess } from "./server-process.ts";
import type { Sandbox } from "./supervisor-sessions.ts";

/** One method against one server. */
export interface Subject {
  readonly server: ServerProcess;
  readonly method: string;
  load(load: Load): Promise<Loaded>;
}

/** What is asked of one server. */
interface Asked {
  readonly server: ServerProcess;
  readonly calls: readonly Call[];
  /** The current token of each family that is refreshed. */
  readonly firstTokens: readonly string[];
}

const methods = ["Health", "GetSandboxConfig", "RefreshSandboxToken"] as const;
const nothing = new Uint8Array();

/**
 * Prepares servers, a gateway first, and resolves to what is measured of them, by method. The peers answer with that
 * gateway's own bytes, to calls with the credentials that it gave.
 */
export async function subjectsOf(servers: readonly ServerProcess[], families: number): Promise<Subject[][]> {
  const [gateway, ...others] = servers;
  if (!gateway) return [];
  const sandboxes = await createSandboxes(gateway, families + 1);
  const own = askedOf(gateway, sandboxes);
  const answers = new Map<string, Buffer>();
  {
    using connection = await openConnection(gateway.url, gateway.ca);
    for (const call of own.calls) answers.set(call.method, await callUnary(connection, call));
  }
  const asked = [own];
  for (const server of others) {
    if (isGateway(server.name)) asked.push(askedOf(server, await createSandboxes(server, families + 1)));
    else {
      for (const [method, bytes] of answers) await server.answer(method, bytes);
      const config = answers.get("GetSandboxConfig")?.toString("base64") ?? "";
      const admitted = sandboxes.map(({ id: sandboxId, token }) => ({ sandboxId, config, ...readToken(token) }));
      await server.admit(admitted);
      asked.push({ ...own, server });
    }
  }
  return methods.map((method) =>
    asked.filter(({ server }) => serves(server, method)).map((one) => subjectOf(one, method, answers)),
  );
}

/** What a refresh does has no straight form that others could do too: a signature, and a commit that is waited for. */
const serves = ({ name }: ServerProcess, method: string) =>
  method !== "RefreshSandboxToken" || name !== "node:http2, same work";

function askedOf(server: ServerProcess, [sandbox, ...others]: readonly Sandbox[]): Asked {
  const { id: sandboxId = "", token } = sandbox ?? {};
  const config = toBinary(GetSandboxConfigRequestSchema, create(GetSandboxConfigRequestSchema, { sandboxId }));
  const firstTokens = others.map((other) => other.token);
  return {
    server,
    calls: [
      { method: "Health", token: undefined, message: nothing },
      { method: "GetSandboxConfig", token, message: config },
      { method: "RefreshSandboxToken", token: firstTokens[0], message: nothing },
    ],
    firstTokens,
  };
}

function subjectOf({ server, calls, firstTokens }: Asked, method: string, answers: ReadonlyMap<string, Buffer>) {
  if (method === "RefreshSandboxToken") {
    const chains = new RefreshChains(server, firstTokens);
    return { server, method, load: (load: Load) => chains.load(load) };
  }
  const call = calls.find((one) => one.method === method);
  if (!call) throw new Error(`nobody asks for ${method}`);
  const bytes = answers.get(method)?.length ?? 0;
  return { server, method, load: (load: Load) => loadWithH2load(server, call, bytes, load) };
}

/** What a server has to know of a token to know its bearer. */
function readToken(token: string): { readonly digest: string; readonly expiresAt: number } {
  const claims: { exp: number } = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
  return { digest: hash("sha256", token, "base64"), expiresAt: claims.exp * 1_000 };
}

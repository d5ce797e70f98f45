import type { ClientHttp2Session } from "node:http2";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { GetSandboxConfigRequestSchema } from "../../../gen/openshell/sandbox/v1/config_pb.ts";
import { RefreshSandboxTokenResponseSchema } from "../../../gen/openshell/v1/tokens_pb.ts";
import { CallFailed, callUnary, openConnection } from "../../bench/grpc.ts";

/** What became of a call. */
export type Answer =
  | { readonly kind: "ok"; readonly bytes: Buffer }
  /** A status, and its details as they came. */
  | { readonly kind: "refused"; readonly status: string; readonly details: string }
  /** No answer came: nobody can tell what the gateway did. */
  | { readonly kind: "lost" };

export type Refreshed = Exclude<Answer, { kind: "ok" }> | { readonly kind: "ok"; readonly token: string };

/** gRPC's numbers, for the statuses that these tests meet. */
export const statuses = { resourceExhausted: "8", unavailable: "14", unauthenticated: "16" } as const;

const nothing = new Uint8Array();

/** A connection to one gateway, made anew where it has ended. It uses little of the machine, which the gateways share with it. */
export class Link implements Disposable {
  readonly #url: string;
  #connection: Promise<ClientHttp2Session & Disposable> | undefined;

  constructor(url: string) {
    this.#url = url;
  }

  async refresh(token: string): Promise<Refreshed> {
    const answer = await this.#call("RefreshSandboxToken", token, nothing);
    if (answer.kind !== "ok") return answer;
    return { kind: "ok", token: fromBinary(RefreshSandboxTokenResponseSchema, answer.bytes.subarray(5)).token };
  }

  /** Asks for a sandbox's configuration, as its supervisor does. */
  use(token: string, sandboxId: string): Promise<Answer> {
    const request = create(GetSandboxConfigRequestSchema, { sandboxId });
    return this.#call("GetSandboxConfig", token, toBinary(GetSandboxConfigRequestSchema, request));
  }

  [Symbol.dispose](): void {
    this.#connection?.then((connection) => connection.destroy()).catch(() => undefined);
  }

  async #call(method: string, token: string, message: Uint8Array): Promise<Answer> {
    try {
      return { kind: "ok", bytes: await callUnary(await this.#open(), { method, token, message }) };
    } catch (error) {
      if (!(error instanceof CallFailed) || error.status === "none") return { kind: "lost" };
      return { kind: "refused", status: error.status, details: error.details };
    }
  }

  async #open(): Promise<ClientHttp2Session> {
    const open = await this.#connection?.catch(() => undefined);
    if (open && !open.closed && !open.destroyed) return open;
    this.#connection = openConnection(this.#url);
    return this.#connection;
  }
}

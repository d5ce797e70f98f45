import type { ClientHttp2Session } from "node:http2";
import { fromBinary } from "@bufbuild/protobuf";
import { RefreshSandboxTokenResponseSchema } from "../../gen/openshell/v1/tokens_pb.ts";
import { callUnary, openConnection } from "./grpc.ts";
import type { Load, Loaded } from "./load.ts";
import { Middle } from "./middle.ts";
import { cpuSeconds } from "./process-figures.ts";
import type { ServerProcess } from "./server-process.ts";

/**
 * Token families that are refreshed again and again, each time with the token that the refresh before gave. That is what
 * h2load cannot do, as each call's header comes from the answer before.
 */
export class RefreshChains {
  readonly #server: ServerProcess;
  readonly #tokens: string[];

  /** @param tokens the current token of one family each */
  constructor(server: ServerProcess, tokens: readonly string[]) {
    this.#server = server;
    this.#tokens = [...tokens];
  }

  /** Refreshes as many families at once as there are calls in flight. Rejects where one is not refreshed. */
  async load({ calls, connections, streams }: Load): Promise<Loaded> {
    using open = new DisposableStack();
    const { url, ca, pid } = this.#server;
    const links = await Promise.all(
      Array.from({ length: connections }, async () => open.use(await openConnection(url, ca))),
    );
    const middle = new Middle(calls, () => cpuSeconds(pid));
    const timesMs: number[] = [];
    let left = calls;
    const chain = async (family: number, connection: ClientHttp2Session) => {
      while (left-- > 0) {
        const before = performance.now();
        const token = this.#tokens[family];
        if (token === undefined) throw new Error("there are fewer families than calls at once");
        const answer = await callUnary(connection, { method: "RefreshSandboxToken", token, message: nothing });
        this.#tokens[family] = fromBinary(RefreshSandboxTokenResponseSchema, answer.subarray(5)).token;
        timesMs.push(performance.now() - before);
        middle.answered(timesMs.length);
      }
    };
    await Promise.all(links.flatMap((link, at) => range(streams).map((one) => chain(at * streams + one, link))));
    return middle.loaded(timesMs);
  }
}

const nothing = new Uint8Array();
const range = (length: number) => Array.from({ length }, (_, at) => at);

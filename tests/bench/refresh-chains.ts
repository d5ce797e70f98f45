import type { ClientHttp2Session } from "node:http2";
import { fromBinary } from "@bufbuild/protobuf";
import { RefreshSandboxTokenResponseSchema } from "../../gen/openshell/v1/tokens_pb.ts";
import { callUnary, openConnection } from "./grpc.ts";
import type { Load, Loaded } from "./load.ts";
import { percentile, sorted } from "./percentiles.ts";

/**
 * Token families that are refreshed again and again, each time with the token that the refresh before gave. That is what
 * h2load cannot do, as each call's header comes from the answer before.
 */
export class RefreshChains {
  readonly #url: string;
  readonly #tokens: string[];

  /** @param tokens the current token of one family each */
  constructor(url: string, tokens: readonly string[]) {
    this.#url = url;
    this.#tokens = [...tokens];
  }

  /** Refreshes as many families at once as there are calls in flight. Rejects where one is not refreshed. */
  async load({ calls, connections, streams }: Load): Promise<Loaded> {
    using open = new DisposableStack();
    const links = await Promise.all(
      Array.from({ length: connections }, async () => open.use(await openConnection(this.#url))),
    );
    const timesMs: number[] = [];
    let left = calls;
    const chain = async (family: number, connection: ClientHttp2Session) => {
      while (left-- > 0) {
        const before = performance.now();
        const token = this.#tokens[family];
        if (token === undefined) throw new Error("there are fewer families than calls at once");
        const answer = await callUnary(connection, { method: "RefreshSandboxToken", token, message: nothing });
        timesMs.push(performance.now() - before);
        this.#tokens[family] = fromBinary(RefreshSandboxTokenResponseSchema, answer.subarray(5)).token;
      }
    };
    const started = performance.now();
    await Promise.all(links.flatMap((link, at) => range(streams).map((one) => chain(at * streams + one, link))));
    const seconds = (performance.now() - started) / 1_000;
    const ordered = sorted(timesMs);
    return { calls, seconds, p50Ms: percentile(ordered, 0.5), p99Ms: percentile(ordered, 0.99) };
  }
}

const nothing = new Uint8Array();
const range = (length: number) => Array.from({ length }, (_, at) => at);

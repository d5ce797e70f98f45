import { connect } from "node:http2";
import { fromBinary } from "@bufbuild/protobuf";
import { RefreshSandboxTokenResponseSchema } from "../../gen/openshell/v1/tokens_pb.ts";
import { frame, type Loaded } from "./h2load.ts";
import { percentile, sorted } from "./percentiles.ts";

/**
 * Refreshes each token again and again, each time with the token that the refresh before gave, all chains at once, until
 * the given number of calls is made. What h2load cannot do: the next call's header comes from the last call's answer.
 */
export async function loadRefreshes(url: string, tokens: readonly string[], calls: number): Promise<Loaded> {
  const session = connect(url);
  const request = frame(new Uint8Array());
  const times: number[] = [];
  let [left, failed] = [calls, 0];

  const call = (token: string) =>
    new Promise<string | undefined>((resolve) => {
      const stream = session.request({
        ":method": "POST",
        ":path": "/openshell.v1.OpenShell/RefreshSandboxToken",
        "content-type": "application/grpc",
        te: "trailers",
        authorization: `Bearer ${token}`,
      });
      const chunks: Buffer[] = [];
      let status = "none";
      stream.on("response", (headers) => (status = String(headers["grpc-status"] ?? status)));
      stream.on("trailers", (trailers) => (status = String(trailers["grpc-status"])));
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("error", () => undefined);
      stream.on("close", () => {
        if (status !== "0") return resolve(undefined);
        resolve(fromBinary(RefreshSandboxTokenResponseSchema, Buffer.concat(chunks).subarray(5)).token);
      });
      stream.end(request);
    });

  const chain = async (first: string) => {
    let token = first;
    while (left-- > 0) {
      const started = performance.now();
      const next = await call(token);
      times.push(performance.now() - started);
      if (next === undefined) failed++;
      else token = next;
    }
  };
  const started = performance.now();
  await Promise.all(tokens.map(chain));
  const seconds = (performance.now() - started) / 1_000;
  session.close();
  const ordered = sorted(times);
  return { calls: times.length, failed, seconds, p50Ms: percentile(ordered, 0.5), p99Ms: percentile(ordered, 0.99) };
}

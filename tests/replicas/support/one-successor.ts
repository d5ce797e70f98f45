import { findTrailerError } from "@connectrpc/connect/protocol-grpc";
import { expect } from "vitest";
import { RetryInfoSchema } from "../../../gen/google/rpc/error_details_pb.ts";
import { Link, statuses } from "./link.ts";
import type { Replicas } from "./replicas.ts";

const calls = 1_000;
/** A gateway takes 256 streams on one connection. */
const perConnection = 125;

/**
 * Refreshes one token a thousand times at once, at both gateways: every answer is the same successor, or
 * `resource_exhausted` with the time to wait, and the store has counted one refresh. Resolves to how many were limited.
 */
export async function expectOneSuccessor(replicas: Replicas): Promise<number> {
  const { a, both, database } = replicas;
  const sandbox = await replicas.createSandbox(a);
  const token = await sandbox.token();
  using links = new DisposableStack();
  const open = Array.from({ length: calls / perConnection }, (_, at) => {
    const { url } = both[at % 2 === 0 ? 0 : 1];
    return links.use(new Link(url));
  });
  // All connections stand before the first call.
  await Promise.all(open.map((link) => link.use("no.such.token", sandbox.id)));
  const answers = await Promise.all(
    open.flatMap((link) => Array.from({ length: perConnection }, () => link.refresh(token))),
  );

  const successors = answers.flatMap((answer) => (answer.kind === "ok" ? [answer.token] : []));
  expect(new Set(successors).size).toBe(1);
  const [successor = ""] = successors;
  expect(successor).not.toBe(token);
  const limited = answers.filter(({ kind }) => kind !== "ok");
  for (const answer of limited) {
    expect(answer).toMatchObject({ kind: "refused", status: statuses.resourceExhausted });
    expect(answer.kind === "refused" && waitOf(answer.details)).toBeGreaterThan(0);
  }
  const rows = await database.query("select generation from token_families where sandbox_id = $1", [sandbox.id]);
  expect(rows).toEqual([{ generation: 1 }]);
  for (const link of open.slice(0, 2)) {
    expect(await link.use(successor, sandbox.id)).toMatchObject({ kind: "ok" });
    expect(await link.use(token, sandbox.id)).toMatchObject({ status: statuses.unauthenticated });
  }
  for (const replica of both) expect(replica.audited("token.reused")).toEqual([]);
  return limited.length;
}

/** The seconds that a `google.rpc.RetryInfo` among the details asks to wait; NaN where there is none. */
function waitOf(details: string): number {
  const trailers = new Headers({ "grpc-status": statuses.resourceExhausted, "grpc-status-details-bin": details });
  const [{ retryDelay } = {}] = findTrailerError(trailers)?.findDetails(RetryInfoSchema) ?? [];
  return Number(retryDelay?.seconds) + Number(retryDelay?.nanos) / 1e9;
}

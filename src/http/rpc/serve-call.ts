import { constants } from "node:http2";
import { Code, createContextValues } from "@connectrpc/connect";
import type { Clock } from "../../core/clock.ts";
import type { Log } from "../../core/log.ts";
import { callerGone } from "../call/index.ts";
import { describeFailure } from "../describe-failure.ts";
import type { Head } from "../head.ts";
import { answerError } from "../protocol-error.ts";
import { cutOff, isGone, type RawRequest, type RawResponse } from "../servers/index.ts";
import { callKey } from "./context.ts";
import { bodyOf, bodyWithin } from "./request-body.ts";
import { requestHeaders, timeoutMs } from "./request-headers.ts";
import { type UniversalHandler, writeAnswer } from "./write-answer.ts";

interface Surroundings {
  /** For the whole body of a method that takes one message, and for its caller to take the answer; in milliseconds. */
  readonly requestMs: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** Serves one request with one method's handler. */
export async function serveCall(
  handler: UniversalHandler,
  request: RawRequest,
  response: RawResponse,
  head: Head,
  { requestMs, clock, log }: Surroundings,
): Promise<void> {
  const header = requestHeaders(request);
  if (!header) return answerError(request, response, 400, Code.InvalidArgument, "a header's value is not valid");
  // JSON that a browser is shown stays JSON; gRPC is nothing that a browser shows.
  if (!header.get("content-type")?.startsWith("application/grpc"))
    response.setHeader("x-content-type-options", "nosniff");
  const { methodKind } = handler.method;
  const oneMessage = methodKind === "unary" || methodKind === "server_streaming";
  const caller = new AbortController();
  let stalled: Disposable | undefined;
  let written = false;
  response.once("close", () => {
    stalled?.[Symbol.dispose]();
    if (!written) caller.abort(callerGone());
  });
  try {
    const answer = await handler({
      httpVersion: request.httpVersion,
      method: request.method ?? "",
      // Nothing may depend on the host that a caller names: the handler was chosen by the path, and gets a constant one.
      url: `http://gateway${request.url}`,
      header,
      body: oneMessage ? bodyWithin(request, { requestMs, timeoutMs: timeoutMs(header) }, clock) : bodyOf(request),
      signal: caller.signal,
      contextValues: createContextValues().set(callKey, {
        method: handler.method,
        head,
        startedAt: clock.monotonic(),
        caller: undefined,
        answered: false,
      }),
    });
    // What is answered must be taken: a caller that grants no window would keep the answer in memory for ever.
    if (methodKind === "unary" && !isGone(request, response)) {
      stalled = clock.after(requestMs, () => cutOff(request, response, constants.NGHTTP2_CANCEL));
    }
    await writeAnswer(answer, request, response);
    written = true;
  } catch (error) {
    if (isGone(request, response)) return;
    log.error({ method: handler.method.name, error: describeFailure(error) }, "an answer was cut off");
    cutOff(request, response, constants.NGHTTP2_INTERNAL_ERROR);
  }
}

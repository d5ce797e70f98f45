import { Code, ConnectError, type ConnectRouter, type HandlerContext } from "@connectrpc/connect";
import { type Exchange, interop } from "./contract.ts";

/** What a caller sends under these names comes back, before the answer and behind it. */
export const echoed = { header: "x-echo-initial", trailer: "x-echo-trailing-bin" } as const;

/** Hears of each stream whose implementation is done, whatever ended it. */
export type Done = (method: string) => void;

/** Adds the service to a front door. */
export function addInterop(done: Done): (router: ConnectRouter) => void {
  return (router) =>
    void router.service(interop, {
      unary(request, context) {
        echo(context);
        return body(answer(request)[0] ?? 0);
      },
      async upload(requests, context) {
        using _ending = whenOver(context, done);
        let bytes = 0;
        for await (const { body } of requests) bytes += body.length;
        return body(bytes);
      },
      async *download(request) {
        for (const bytes of answer(request)) yield body(bytes);
      },
      async *pingPong(requests, context) {
        echo(context);
        using _ending = whenOver(context, done);
        for await (const request of requests) for (const bytes of answer(request)) yield body(bytes);
      },
    });
}

const body = (bytes: number) => ({ body: new Uint8Array(bytes) });

function answer({ failure, answerBytes }: Exchange): readonly number[] {
  if (failure !== "") throw new ConnectError(failure, Code.Unknown);
  return answerBytes;
}

function echo({ requestHeader, responseHeader, responseTrailer }: HandlerContext): void {
  const initial = requestHeader.get(echoed.header);
  const trailing = requestHeader.get(echoed.trailer);
  if (initial !== null) responseHeader.set(echoed.header, initial);
  if (trailing !== null) responseTrailer.set(echoed.trailer, trailing);
}

const whenOver = ({ method }: HandlerContext, done: Done): Disposable => ({
  [Symbol.dispose]: () => done(method.name),
});

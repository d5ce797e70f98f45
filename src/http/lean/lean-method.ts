import type { DescMethodUnary, Message } from "@bufbuild/protobuf";
import type { ConnectError } from "@connectrpc/connect";
import type { Answer, BoundService } from "../../access/index.ts";
import { type Admit, errorOf } from "../call/index.ts";
import type { LeanCall } from "./lean-call.ts";

/** A unary method as the short way serves it. */
export interface LeanMethod {
  readonly method: DescMethodUnary;
  readonly admit: Admit;
  /** Throws, or rejects with, whatever the implementation does. */
  invoke(request: Message, call: LeanCall): Answer | Promise<Answer>;
  /** The error that the caller gets for what was thrown by admission or by the implementation. */
  errorOf(thrown: unknown, call: LeanCall): ConnectError;
}

/** The unary methods of guarded services. */
export function guardedMethods(services: readonly BoundService[], admit: Admit): LeanMethod[] {
  return services.flatMap(({ methods }) =>
    methods.flatMap((bound): LeanMethod[] =>
      bound.kind === "unary"
        ? [
            {
              method: bound.method as DescMethodUnary,
              admit,
              invoke: (request, call) => bound.invoke(request, call),
              errorOf: (thrown, call) => errorOf(thrown, call.cutOffBy),
            },
          ]
        : [],
    ),
  );
}

/** The path under which a method is called. */
export const pathOfMethod = ({ parent, name }: DescMethodUnary): string => `/${parent.typeName}/${name}`;

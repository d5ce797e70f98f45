import {
  type ConnectRouter,
  createMethodImplSpec,
  createServiceImplSpec,
  type MethodImplSpec,
} from "@connectrpc/connect";
import { outspoken } from "./outspoken.ts";

/**
 * The methods of services that are open to everybody, each with the implementation that Connect would call.
 * @param add gives them to a router
 */
export function methodsOf(add: (router: ConnectRouter) => void): MethodImplSpec[] {
  const found: MethodImplSpec[] = [];
  const router: ConnectRouter = {
    handlers: [],
    service(service, implementation) {
      found.push(...Object.values(createServiceImplSpec(service, implementation).methods).map(outspoken));
      return router;
    },
    rpc(method, implementation) {
      // A method's kind and its implementation's type belong together, which the types of Connect lose here.
      found.push(outspoken(createMethodImplSpec(method, implementation as never) as MethodImplSpec));
      return router;
    },
  };
  add(router);
  return found;
}

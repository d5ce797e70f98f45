import type { FastifyInstance } from "fastify";
import type { ServingState } from "../serving-state.ts";

interface ProbeOptions {
  readonly version: string;
  readonly state: ServingState;
}

/** `/healthz`: the process lives. `/readyz`, also called `/health`: it can serve calls; 503 while it cannot (G3). */
export function probes(app: FastifyInstance, { version, state }: ProbeOptions): void {
  app.get("/healthz", () => ({ status: "ok", version }));
  for (const path of ["/readyz", "/health"]) {
    app.get(path, async (_request, reply) => {
      const { ready, checks } = await state.now();
      reply.code(ready ? 200 : 503);
      return { status: ready ? "ok" : "unavailable", version, checks };
    });
  }
}

import { setTimeout as wait } from "node:timers/promises";
import { partsOf } from "../../support/tokens.ts";
import type { BusySupervisor } from "./busy-supervisor.ts";
import type { Replicas } from "./replicas.ts";

const longestWaitMs = 20_000;

/**
 * Changes the signing key as the documentation says: the next one is prepared, activated once both publish it, and the one
 * before is retired when the supervisors have no token of it left.
 */
export async function rotateKey({ both, keys }: Replicas, busy: readonly BusySupervisor[]): Promise<void> {
  const published = async () => {
    const answers = await Promise.all(both.map(({ url }) => fetch(`${url}/.well-known/jwks.json`)));
    const sets = await Promise.all(answers.map((answer) => answer.json() as Promise<{ keys: { kid: string }[] }>));
    return sets.map((set) => set.keys.map(({ kid }) => kid));
  };
  await keys.run("prepare");
  const [next = ""] = await keys.idsOf("next");
  await until(async () => (await published()).every((kids) => kids.includes(next)));
  await keys.run("activate", { force: true });
  // The token before the current one may still be presented once more.
  const isOver = ({ tokens }: BusySupervisor) =>
    tokens.slice(-2).every((token) => partsOf(token).header["kid"] === next);
  await until(() => busy.every(isOver));
  await keys.run("retire", { force: true });
  await until(async () => (await published()).every((kids) => kids.length === 1));
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + longestWaitMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`not so after ${longestWaitMs} ms: ${condition}`);
    await wait(20);
  }
}

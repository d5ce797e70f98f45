import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";

/**
 * A port that stays free while the server on it is started again: below those that the kernel gives to outgoing
 * connections (from 32,768 on), which could otherwise take it meanwhile, or even reach themselves on it.
 */
export async function lastingPort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const port = randomInt(12_000, 32_000);
    const probe = createServer();
    const isFree = await Promise.race([
      once(probe.listen(port, "127.0.0.1"), "listening").then(() => true),
      once(probe, "error").then(() => false),
    ]).catch(() => false);
    if (!isFree) continue;
    probe.close();
    await once(probe, "close");
    return port;
  }
  throw new Error("no port is free");
}

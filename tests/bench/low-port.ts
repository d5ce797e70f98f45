import { once } from "node:events";
import { createServer } from "node:net";

/** Below what Linux takes for connections that go out (`net.ipv4.ip_local_port_range`), and above what programs like. */
const [first, last] = [20_000, 30_000];

/**
 * A port on loopback to which a server can come back: while it is away and thousands try to reach it, one of their own
 * connections could otherwise be given that very port.
 */
export async function lowPort(): Promise<number> {
  for (let port = first + Math.floor(Math.random() * 1_000); port < last; port += 1) {
    if (await isFree(port)) return port;
  }
  throw new Error(`no port is free from ${first} to ${last}`);
}

async function isFree(port: number): Promise<boolean> {
  const probe = createServer();
  const failed = once(probe, "error").then(() => false);
  probe.listen(port, "127.0.0.1");
  const isOpen = await Promise.race([once(probe, "listening").then(() => true), failed]);
  if (!isOpen) return false;
  probe.close();
  await once(probe, "close");
  return true;
}

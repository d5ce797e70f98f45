import { readFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../src/core/clock.ts";
import { generateCerts } from "../../src/tokens/generate-certs/index.ts";

/** A server's certificate, for 127.0.0.1 among others. */
export interface Certificate {
  readonly certFile: string;
  readonly keyFile: string;
  /** In PEM, of the authority that vouches for it. */
  readonly ca: string;
}

/** Makes what `openshell-gateway generate-certs` makes, in a directory that goes with the run. */
export async function makeCertificate(directory: string): Promise<Certificate> {
  await generateCerts({ outputDir: directory, clock: systemClock });
  return {
    certFile: join(directory, "server", "tls.crt"),
    keyFile: join(directory, "server", "tls.key"),
    ca: readFileSync(join(directory, "ca.crt"), "utf8"),
  };
}

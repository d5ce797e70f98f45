import { usageFailure } from "../failure.ts";
import type { Endpoint } from "./endpoint.ts";

/** A name is a directory's name too: no separators, no leading dot, and short enough for every file system. */
const shape = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

export const isGatewayName = (text: string): boolean => shape.test(text);

/** @throws Failure (usage) */
export function parseGatewayName(text: string): string {
  if (isGatewayName(text)) return text;
  throw usageFailure(
    `${JSON.stringify(text)} is not a gateway name`,
    "a name begins with a letter or digit and goes on with letters, digits, '.', '_' and '-', at most 128",
  );
}

/** What a gateway is called when it is registered without a name: `openshell` on this machine, else its host. */
export function defaultGatewayName({ loopback, hostname }: Endpoint): string {
  return loopback ? "openshell" : hostname.replace(/^\[|\]$/g, "").replaceAll(":", "-");
}

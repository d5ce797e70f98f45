import type { Problems } from "./config-error.ts";
import type { GatewayConfig } from "./gateway-config.ts";
import type { Setting } from "./setting.ts";

const known = new Set(["docker", "podman", "vm", "kubernetes", "external"]);

export function resolveDrivers(
  { value, where = "--drivers" }: Setting<readonly string[]>,
  problems: Problems,
): GatewayConfig["drivers"] {
  for (const name of value.filter((one) => one !== "process")) {
    const what = known.has(name) ? `the ${name} driver is not built yet` : `there is no driver ${JSON.stringify(name)}`;
    problems.add(where, `${what}; expected process`);
  }
  if (value.length === 0) problems.add(where, "expected at least one driver, got none");
  return ["process"];
}

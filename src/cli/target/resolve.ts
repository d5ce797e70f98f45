import { Failure } from "../failure.ts";
import { type Endpoint, parseEndpoint } from "./endpoint.ts";
import { parseGatewayName } from "./gateway-name.ts";
import type { RegisteredGateway, Registry } from "./registry.ts";

/** The gateway that a command talks to. */
export interface Target {
  readonly endpoint: Endpoint;
  /** Its name, where it has one: what is remembered and stored is found by it. */
  readonly name: string | undefined;
  /** Its registration, where the name is registered. */
  readonly registration: RegisteredGateway | undefined;
  /** What decided: a flag, a variable or a file, as the user would spell it. */
  readonly chosenBy: string;
  /** Something the user should know about the choice. */
  readonly note?: string;
}

export interface Wishes {
  /** `--gateway-endpoint` */
  readonly endpoint?: string | undefined;
  /** `-g/--gateway` */
  readonly gateway?: string | undefined;
}

type Env = Readonly<Record<string, string | undefined>>;

function wished(flag: string, value: string | undefined, variable: string, env: Env) {
  if (value !== undefined) return { value, by: flag };
  const fromEnv = env[variable];
  return fromEnv ? { value: fromEnv, by: variable } : undefined;
}

/** Registrations that make no sense have no endpoint that could be the one that was named. */
const ignoreBroken = () => undefined;

async function nobodyChose(registry: Registry): Promise<Failure> {
  const names = await registry.names();
  return new Failure("no gateway is chosen", {
    next: names.length
      ? `choose one with \`openshell gateway select NAME\` (registered: ${names.join(", ")})`
      : "start one with `npm start` and register it with `openshell gateway add http://127.0.0.1:17670 --local`, or name one with --gateway-endpoint",
  });
}

/**
 * Finds the gateway: an endpoint (flag, then environment) before a name (flag, then environment) before the one that is
 * active. An endpoint that is registered under a name has that name.
 *
 * @throws Failure where none is chosen, or the chosen one is not registered
 */
export async function resolveTarget(wishes: Wishes, env: Env, registry: Registry): Promise<Target> {
  const address = wished("--gateway-endpoint", wishes.endpoint, "OPENSHELL_GATEWAY_ENDPOINT", env);
  const choice = wished("--gateway", wishes.gateway, "OPENSHELL_GATEWAY", env);
  const name = choice && parseGatewayName(choice.value);

  if (address) {
    const endpoint = parseEndpoint(address.value, address.by);
    const registration = name
      ? await registry.find(name)
      : (await registry.list(ignoreBroken)).find((gateway) => gateway.endpoint.url === endpoint.url);
    const differs = registration && registration.endpoint.url !== endpoint.url;
    return {
      endpoint,
      name: name ?? registration?.name,
      registration,
      chosenBy: address.by,
      ...(differs
        ? {
            note: `${address.by} is ${endpoint.url}; gateway ${registration.name} is registered at ${registration.endpoint.url}, so its login is not sent`,
          }
        : {}),
    };
  }

  const chosen = name ?? (await registry.active());
  if (chosen === undefined) throw await nobodyChose(registry);
  const registration = await registry.find(chosen);
  const chosenBy = choice?.by ?? "active_gateway";
  if (!registration) {
    throw new Failure(`no gateway named ${chosen} is registered (${chosenBy})`, {
      next: "see `openshell gateway list`, or register it with `openshell gateway add ENDPOINT --name NAME`",
    });
  }
  return { endpoint: registration.endpoint, name: chosen, registration, chosenBy };
}

import type { JsonObject } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Command } from "commander";
import { type ServiceStatus, ServiceStatusSchema } from "../../../gen/openshell/v1/openshell_pb.ts";
import type { Cli, Gateway } from "../cli.ts";
import { answersHealthz, type ConnectOptions, type Where } from "../connection/index.ts";
import { Failure } from "../failure.ts";
import { type Cell, type Format, outputOption, record } from "../output/index.ts";
import { enumName } from "./wire.ts";

/** What a probe of an authenticated method shows of the caller's standing. */
type Authentication = "authenticated" | "not required" | "mTLS transport" | "unverified" | "failed";

/** Reads the probe's outcome: undefined where it was answered, else the code of the refusal. */
export function judgeProbe(code: Code | undefined, secure: boolean, presented: Where["presented"]): Authentication {
  switch (code) {
    case undefined:
      return secure || presented === "bearer" ? "authenticated" : "not required";
    case Code.PermissionDenied:
      return "authenticated";
    case Code.Unauthenticated:
      return "failed";
    case Code.Unimplemented:
      if (presented === "bearer") return "unverified";
      return secure ? "mTLS transport" : "not required";
    default:
      return "unverified";
  }
}

async function probe({ client, unary, target, where }: Gateway): Promise<Authentication> {
  const code = await client.getGatewayInfo({}, unary).then(
    () => undefined,
    (thrown: unknown) => ConnectError.from(thrown).code,
  );
  return judgeProbe(code, target.endpoint.secure, where.presented);
}

const authenticationColour = (is: Authentication) =>
  is === "failed" ? "red" : is === "unverified" ? "yellow" : "green";

/** The service's own word for how it is, such as `HEALTHY`. */
export const serviceStatus = (status: ServiceStatus): string => enumName(ServiceStatusSchema, status);

async function overGrpc(cli: Cli, format: Format, route: ConnectOptions): Promise<void> {
  await cli.withGateway(async (gateway) => {
    const health = await gateway.client.health({}, gateway.unary);
    const authentication = await probe(gateway);
    const data: JsonObject = {
      ...identity(gateway.target),
      status: "connected",
      health: serviceStatus(health.status),
      version: health.version,
      authentication,
    };
    cli.print(format, data, () =>
      card(cli, gateway.target, [
        ["Status", { text: "Connected", colour: "green" }],
        ["Health", serviceStatus(health.status)],
        ["Version", health.version],
        ["Authentication", { text: authentication, colour: authenticationColour(authentication) }],
      ]),
    );
    if (authentication === "failed") {
      throw new Failure(`the gateway at ${gateway.where.endpoint} does not accept who we say we are`, {
        next:
          gateway.where.presented === "nothing"
            ? "this gateway wants a login or a client certificate, and none is stored for it"
            : "renew what is stored for this gateway; `openshell gateway list` shows how it wants to be reached",
      });
    }
  }, route);
}

type Place = Pick<Gateway["target"], "name" | "endpoint">;

const identity = ({ name, endpoint }: Place): JsonObject => ({ gateway: name ?? null, endpoint: endpoint.url });

function card(cli: Cli, { name, endpoint }: Place, rows: readonly (readonly [string, Cell])[]): string {
  return record([["Gateway", name], ["Endpoint", endpoint.url], ...rows], cli.paint);
}

async function status(cli: Cli, format: Format): Promise<void> {
  const route = await cli.route();
  try {
    await overGrpc(cli, format, route);
  } catch (thrown) {
    if (!(thrown instanceof Failure) || thrown.cause === undefined || cli.surroundings.signal.aborted) throw thrown;
    if (!(await answersHealthz(route))) throw thrown;
    const place = route.target;
    cli.print(format, { ...identity(place), status: "connected_http" }, () =>
      card(cli, place, [["Status", { text: "Connected (HTTP)", colour: "yellow" }]]),
    );
    cli.tell(`note: it answers plain HTTP, but not gRPC: ${thrown.message}`);
  }
}

export function addStatus(parent: Command, cli: Cli): void {
  parent
    .command("status")
    .description("show whether the gateway is up and whether it accepts who you are")
    .addOption(outputOption())
    .action((options: { output: Format }) => status(cli, options.output));
}

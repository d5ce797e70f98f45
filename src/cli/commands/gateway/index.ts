/** `openshell gateway …`: which gateways there are, and which one is used. */
import type { Command } from "commander";
import type { Cli } from "../../cli.ts";
import { addGatewayAdd } from "./add.ts";
import { addGatewayInfo } from "./info.ts";
import { addGatewayList } from "./list.ts";
import { addGatewayRemove } from "./remove.ts";
import { addGatewaySelect } from "./select.ts";

export function addGateway(parent: Command, cli: Cli): void {
  const gateway = parent.command("gateway").description("register, choose and show gateways");
  for (const add of [addGatewayAdd, addGatewayList, addGatewaySelect, addGatewayInfo, addGatewayRemove]) {
    add(gateway, cli);
  }
}

import { commandLineFlows } from "./flows.ts";
import { startSmallGateway } from "./small-gateway.ts";

commandLineFlows(startSmallGateway);

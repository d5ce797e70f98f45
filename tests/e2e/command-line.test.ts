import { commandLineFlows } from "../service/cli/flows.ts";
import { startTestGateway } from "../support/gateway.ts";

commandLineFlows(async () => {
  const gateway = await startTestGateway({ realSupervisors: true, logLevel: "info" });
  return { endpoint: gateway.url, [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose]() };
});

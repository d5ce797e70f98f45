/** What the gateway says of itself, and of who is asking. */
export { createGatewayInfoHandlers, type GatewayInfoHandlers } from "./create-gateway-info-handlers.ts";

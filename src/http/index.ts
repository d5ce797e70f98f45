/**
 * The front door: one port for gRPC, gRPC-Web, Connect and plain HTTP, with TLS, health, limits and a drain
 * (requirements G1 to G7 but for G4). It authenticates nobody itself: every call goes through the gate it is given.
 */

export type { CallRecord } from "./call/index.ts";
export { createFrontDoor, type FrontDoor, type FrontDoorOptions } from "./front-door.ts";
export type { Limits } from "./limits.ts";
export type { ListenerAddress, ListenerOptions } from "./listen/index.ts";

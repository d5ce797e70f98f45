/**
 * The front door: one port for gRPC, gRPC-Web, Connect and plain HTTP, with TLS, health, limits and a drain
 * (requirements G1 to G7 but for G4). It authenticates nobody itself: every call goes through the gate it is given.
 */
export { createFrontDoor, type FrontDoor, type FrontDoorOptions } from "./front-door.ts";
export { defaultLimits, type Limits } from "./limits.ts";
export type { ListenerAddress, ListenerKind, ListenerOptions, TlsSource } from "./listen/index.ts";
export type { PublicKey } from "./routes/index.ts";
export type { CallRecord, OnCall } from "./rpc/index.ts";
export type { Readiness } from "./serving-state.ts";

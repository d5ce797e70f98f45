/** Ports: binding, TLS with reload, and finding out what a connection speaks. */
export { type Connection, isLoopback } from "./connection.ts";
export { type Listener, type ListenerAddress, type ListenerOptions, openListener } from "./open-listener.ts";

/**
 * What replicas of the gateway know of each other: the changes that any of them commits reach all that is kept in memory,
 * and each says which supervisors are connected to it.
 */
export { joinReplicas } from "./join-replicas.ts";

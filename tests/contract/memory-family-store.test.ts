import { MemoryFamilyStore } from "../support/memory-family-store.ts";
import { familyStoreContract } from "./family-store.ts";

// The store that other tests stand on does what the real ones do.
familyStoreContract("in memory", async () => ({
  store: new MemoryFamilyStore(),
  // It knows of no sandboxes.
  makeSandbox: async () => undefined,
  [Symbol.asyncDispose]: async () => undefined,
}));

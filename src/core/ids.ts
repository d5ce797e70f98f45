declare const brand: unique symbol;

/** A sandbox's canonical id: a UUID in lower case. Made by {@link parseSandboxId} and {@link newSandboxId} alone. */
export type SandboxId = string & { readonly [brand]: "SandboxId" };

/** Names a token family: one bootstrap and all that it was refreshed into. A UUID in lower case. */
export type FamilyId = string & { readonly [brand]: "FamilyId" };

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export function parseSandboxId(text: string): SandboxId | undefined {
  return uuid.test(text) ? (text as SandboxId) : undefined;
}

export const newSandboxId = (): SandboxId => crypto.randomUUID() as SandboxId;

export function parseFamilyId(text: string): FamilyId | undefined {
  return uuid.test(text) ? (text as FamilyId) : undefined;
}

export const newFamilyId = (): FamilyId => crypto.randomUUID() as FamilyId;

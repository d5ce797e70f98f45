import { Secret } from "../../core/secret.ts";
import { signingKeyFileNames } from "../signing-key.ts";

/**
 * What the files of a ring hold, by name; private halves as secrets. All names can be keys of one Kubernetes Secret. The
 * active key has the three names that a single key always had, so that an installation with one key is a ring of one.
 */
export type RingFiles = ReadonlyMap<string, string | Secret>;

/** Says in which state the other keys are, and since when. A ring of one key may do without it. */
export const ringFileName = "ring.json";

/** The names of the two halves of a key that is not the active one. */
export const keyFileNames = (keyId: string) => ({
  signing: `key-${keyId}.signing.pem`,
  public: `key-${keyId}.public.pem`,
});

const fixedNames: ReadonlySet<string> = new Set([...Object.values(signingKeyFileNames), ringFileName]);

export const isKeyFile = (name: string): boolean => name.startsWith("key-") && name.endsWith(".pem");

/** Whether a file is the ring's; whatever else lies beside it is nobody's concern. */
export const isRingFile = (name: string): boolean => fixedNames.has(name) || isKeyFile(name);

/** A file's content, as a secret where it is a private half. */
export const contentOf = (name: string, text: string): string | Secret =>
  name === signingKeyFileNames.signing || name.endsWith(".signing.pem") ? new Secret(text) : text;

export function sameFiles(a: RingFiles, b: RingFiles): boolean {
  return a.size === b.size && [...a].every(([name, content]) => sameContent(content, b.get(name)));
}

function sameContent(a: string | Secret, b: string | Secret | undefined): boolean {
  return a instanceof Secret ? b instanceof Secret && a.equals(b) : a === b;
}

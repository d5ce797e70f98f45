import { createPrivateKey } from "node:crypto";

/** How much of a secret in one piece gives it away. Shorter runs could be chance, or text that tokens share with the world. */
const telling = 20;

/** Everything that must not be seen, and where it was looked for. */
export class Secrets {
  readonly #needles = new Map<string, string>();

  /** A token: every run of its segments, whole or in part. */
  addToken(token: string, name: string): void {
    for (const [index, segment] of token.split(".").entries()) this.#addRuns(segment, `${name}, segment ${index}`);
  }

  /** A private key: its PEM, and the key itself in every spelling that texts and binary files have. */
  addPrivateKey(pem: string, name: string): void {
    for (const line of pem.split("\n")) if (line && !line.startsWith("-----")) this.#addRuns(line, `${name} as PEM`);
    const der = createPrivateKey(pem).export({ format: "der", type: "pkcs8" });
    const seed = der.subarray(-32);
    for (const encoding of ["hex", "base64", "base64url", "latin1"] as const) {
      this.#needles.set(seed.toString(encoding), `${name} as ${encoding}`);
    }
    this.#addRuns(seed.toString("hex"), `${name} as hex`);
  }

  /** What of all that stands in a text (binary ones as latin1); empty where nothing does. */
  foundIn(text: string): string[] {
    return [...new Set([...this.#needles].filter(([needle]) => text.includes(needle)).map(([, name]) => name))];
  }

  #addRuns(text: string, name: string): void {
    for (let at = 0; at + telling <= text.length; at += 1) this.#needles.set(text.slice(at, at + telling), name);
  }
}

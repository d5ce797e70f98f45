/** A JSON Web Token begins with `{"` in base64url; also where it is cut off, or has no signature. */
const jsonWebToken = /eyJ[\w-]{6,}(?:\.[\w-]*)*/g;
/** Runs of three and more segments; those with a long one are taken for tokens of any other spelling. */
const dotted = /(?<![\w.-])[\w-]+(?:\.[\w-]+){2,}/g;
const signatureLength = 40;
const bearer = /\b(bearer)\s+[^\s"',;]+/gi;
const privateKey = /-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z0-9 ]{0,30}PRIVATE KEY-----|$)/g;
/** PKCS#8 of an Ed25519 key without its armour. */
const bareKey = /MC4CAQAwBQYDK2VwBCIEI[\w+/-]*=*/g;
const loneSurrogate = /\p{Surrogate}/gu;
/** What a text must have for any rule but that of dotted runs to find something. */
const suspicious = /eyJ|MC4C|[\s\p{Surrogate}]/u;
/** Of a dotted run with a long segment: two more segments, and the dots. */
const shortestRun = signatureLength + 4;

/**
 * Takes out whatever looks like a credential, for texts that others wrote: error messages, stacks, what a peer sent
 * (requirement T7, A-78). Cut a text after this, never before: half a token is not recognised by all of these rules.
 */
export function scrubText(text: string): string {
  // Ids and names, which is what most values are.
  if (!suspicious.test(text) && (text.length < shortestRun || !text.includes("."))) return text;
  return text
    .replace(privateKey, "[private key]")
    .replace(bareKey, "[private key]")
    .replace(bearer, "$1 [secret]")
    .replace(jsonWebToken, "[token]")
    .replace(dotted, (run) => (run.split(".").some(({ length }) => length >= signatureLength) ? "[token]" : run))
    .replace(loneSurrogate, "\ufffd");
}

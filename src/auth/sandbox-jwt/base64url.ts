const alphabet = /^[A-Za-z0-9_-]+$/;

/** The bytes of a base64url text, if this is their only spelling: no padding, no unused bits (RFC 4648, section 3.5). */
export function decodeBase64Url(text: string): Buffer | undefined {
  if (!alphabet.test(text)) return undefined;
  const bytes = Buffer.from(text, "base64url");
  return bytes.toString("base64url") === text ? bytes : undefined;
}

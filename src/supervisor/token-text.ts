import { Secret } from "../core/secret.ts";

const longest = 16_384;
const jwt = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;

/** Thrown where a credential cannot be read. The message names the place and the shape, never the content. */
export class TokenUnreadable extends Error {
  override readonly name = "TokenUnreadable";
}

/**
 * A compact JWT out of text with white space around it. What is not one never gets into a header, where an error message
 * could repeat it.
 * @throws TokenUnreadable
 */
export function parseTokenText(text: string, place: string): Secret {
  const token = text.trim();
  if (token.length > longest || !jwt.test(token)) {
    throw new TokenUnreadable(`${place} holds ${token.length} characters that are not a token; expected a compact JWT`);
  }
  return new Secret(token);
}

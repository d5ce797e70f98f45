const hostPort = /^([a-z0-9.-]+|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?$/;

/** A Host or `:authority` taken apart, in lower case; undefined where it is not one. */
export function parseHost(text: string): { readonly name: string; readonly authority: string } | undefined {
  const authority = text.toLowerCase();
  const [, name, port] = hostPort.exec(authority) ?? [];
  if (name === undefined || (port !== undefined && Number(port) > 65_535)) return undefined;
  return { name, authority };
}

/** The origin of the pages that a host serves, as a browser spells it: without the scheme's own port. */
export function originOf(authority: string, encrypted: boolean): string | undefined {
  const url = `${encrypted ? "https" : "http"}://${authority}`;
  return URL.canParse(url) ? new URL(url).origin : undefined;
}

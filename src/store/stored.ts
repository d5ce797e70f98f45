/** Parses a value that the database holds; throws where something else than this program has written it. */
export function stored<T>(text: string, parse: (text: string) => T | undefined): T {
  const value = parse(text);
  if (value === undefined) throw new Error("the database holds a value that this program has not written");
  return value;
}

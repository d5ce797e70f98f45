/** The operating system's name for what went wrong (`ENOSPC`), for messages that must not quote a path or a value. */
export function errorCode(thrown: unknown): string {
  return thrown instanceof Error && "code" in thrown ? String(thrown.code) : "unknown error";
}

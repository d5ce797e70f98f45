import { StringDecoder } from "node:string_decoder";

/** Longer lines are cut into pieces of so many UTF-16 units. */
export const longestLine = 4096;

/** Cuts a byte stream into lines of UTF-8 text, and says each as soon as it is whole. */
export class LineSplitter {
  readonly #decoder = new StringDecoder("utf8");
  readonly #say: (line: string) => void;
  #rest = "";

  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  write(chunk: Buffer): void {
    const lines = (this.#rest + this.#decoder.write(chunk)).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#sayPieces(line.endsWith("\r") ? line.slice(0, -1) : line);
    while (this.#rest.length > longestLine) {
      this.#say(this.#rest.slice(0, longestLine));
      this.#rest = this.#rest.slice(longestLine);
    }
  }

  /** Says what stands after the last line's end. */
  end(): void {
    const rest = this.#rest + this.#decoder.end();
    this.#rest = "";
    if (rest !== "") this.#sayPieces(rest);
  }

  #sayPieces(line: string): void {
    for (let at = 0; at === 0 || at < line.length; at += longestLine) this.#say(line.slice(at, at + longestLine));
  }
}

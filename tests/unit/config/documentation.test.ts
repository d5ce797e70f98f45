import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { optionsTable } from "../../../src/config/index.ts";
import { certificateSet, signingKeySet } from "../../../src/tokens/generate-certs/file-set.ts";
import { Place } from "./place.ts";

const document = readFileSync(join(import.meta.dirname, "../../../docs/configuration.md"), "utf8");

test("docs/configuration.md has the table of options as it is printed", () => {
  const [, printed = ""] = /<!-- options:[^\n]*-->\n([\s\S]*)<!-- \/options -->/.exec(document) ?? [];
  expect(printed.trim()).toBe(optionsTable());
});

test("the file in docs/configuration.md has no key that is refused", async () => {
  using place = new Place();
  const [, toml = ""] = /```toml\n([\s\S]*?)```/.exec(document) ?? [];
  place.put(".config/openshell/gateway.toml", toml.replaceAll("/etc/", `${place.home}/`));
  for (const [, path = ""] of toml.matchAll(/"\/etc\/([^"]+)"/g)) place.put(path);
  expect(await place.problems()).toEqual([]);
});

test("what generate-certs makes is where the gateway looks for it", async () => {
  using place = new Place();
  for (const path of [...certificateSet.paths, ...signingKeySet.paths]) place.put(`.local/state/openshell/tls/${path}`);
  const config = await place.load(["--bind-address", "0.0.0.0"]);
  const { certFile, keyFile } = config.listeners[0].tls ?? {};
  const { signing, public: publicKey, keyId } = config.signingKey;
  const made = [...certificateSet.paths, ...signingKeySet.paths].map((path) => join(place.tlsDir, path));
  for (const path of [certFile, keyFile, config.guestTlsCa, signing, publicKey, keyId]) expect(made).toContain(path);
});

import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ConfigError, loadConfig } from "../../../src/config/index.ts";
import { generateCerts } from "../../../src/tokens/generate-certs/index.ts";
import { changeKeys } from "../../../src/tokens/keys/index.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

let home: ReturnType<typeof temporaryDirectory>;
beforeEach(() => {
  home = temporaryDirectory();
});
afterEach(() => home[Symbol.dispose]());

const clock = new FakeClock();
const tls = () => join(home.path, "tls");
const jwt = () => join(tls(), "jwt");
const load = (flags: Parameters<typeof loadConfig>[0]["flags"] = new Map()) =>
  loadConfig({ flags, environment: { HOME: home.path, OPENSHELL_LOCAL_TLS_DIR: tls() } });
const makeKey = () => generateCerts({ outputDir: tls(), jwtOnly: true, clock });

test("a key that the keys commands changed is found where it always was", async () => {
  await makeKey();
  await changeKeys({ command: "prepare", directory: jwt(), clock });
  const { signingKey } = await load();
  expect(signingKey).toEqual({
    signing: join(jwt(), "signing.pem"),
    public: join(jwt(), "public.pem"),
    keyId: join(jwt(), "kid"),
    toBeMade: false,
  });
});

test("a developer's gateway makes a key where there is none", async () => {
  expect((await load(new Map([["dev", true]]))).signingKey.toBeMade).toBe(true);
});

test("it makes none where a ring has lost its active key: that is to be brought back", async () => {
  await makeKey();
  await changeKeys({ command: "prepare", directory: jwt(), clock });

  for (const name of ["signing.pem", "public.pem", "kid"]) rmSync(join(jwt(), name));
  const failed = load(new Map([["dev", true]]));
  await expect(failed).rejects.toBeInstanceOf(ConfigError);
  await expect(failed).rejects.toThrow(/the signing key is incomplete/);
});

test("without a key and without --dev it says how to make one", async () => {
  await expect(load()).rejects.toThrow(/there is no signing key: run generate-certs/);
});

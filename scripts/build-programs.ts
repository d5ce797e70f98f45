import { chmod, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundle, programs } from "./bundle.ts";
import { thirdPartyNotices } from "./third-party.ts";

/** Where the programs of the package are. */
export const distribution = fileURLToPath(new URL("../dist/", import.meta.url));

/** Makes the package's programs of the sources as they are now. */
export async function build(): Promise<void> {
  await rm(distribution, { recursive: true, force: true });
  const chunks = await bundle({ directory: distribution, entries: programs, sourceMaps: true });
  await writeFile(join(distribution, "THIRD-PARTY.txt"), thirdPartyNotices(chunks));
  for (const name of Object.keys(programs)) await chmod(join(distribution, `${name}.js`), 0o755);
}

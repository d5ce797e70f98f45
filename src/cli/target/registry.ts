import { rm } from "node:fs/promises";
import { join } from "node:path";
import { Failure } from "../failure.ts";
import type { Directories } from "./directories.ts";
import { namesIn, readIfPresent, writeAtomically } from "./files.ts";
import { isGatewayName } from "./gateway-name.ts";
import { formatRegistration, parseRegistration, type Registration } from "./registration.ts";

/** A gateway that is registered on this machine. */
export interface RegisteredGateway extends Registration {
  /** Whose registration it is; a user's own hides the system's of the same name. */
  readonly owner: "user" | "system";
}

/** The gateways that this user can name, and what is remembered of each. */
export class Registry {
  readonly #roots: Directories;

  constructor(roots: Directories) {
    this.#roots = roots;
  }

  /** The gateway of this name, or undefined. @throws Failure where its file is there and makes no sense */
  async find(name: string): Promise<RegisteredGateway | undefined> {
    if (!isGatewayName(name)) return undefined;
    for (const owner of ["user", "system"] as const) {
      const path = this.#path(name, "metadata.json", owner);
      const text = await readIfPresent(path);
      if (text !== undefined) return { ...parseRegistration(text, name, path), owner };
    }
    return undefined;
  }

  /**
   * All gateways in the order of their names.
   *
   * @param onBroken is told of each registration that makes no sense; the others are listed all the same
   */
  async list(onBroken: (failure: Failure) => void): Promise<RegisteredGateway[]> {
    const findOrTell = async (name: string): Promise<RegisteredGateway | undefined> => {
      try {
        return await this.find(name);
      } catch (thrown) {
        if (!(thrown instanceof Failure)) throw thrown;
        onBroken(thrown);
        return undefined;
      }
    };
    const found = await Promise.all((await this.names()).map(findOrTell));
    return found.filter((gateway) => gateway !== undefined);
  }

  /** The names of all directories that may hold a registration, in order. */
  async names(): Promise<string[]> {
    const listed = await Promise.all(
      [this.#roots.user, this.#roots.system].map((root) => namesIn(join(root, "gateways"))),
    );
    return [...new Set(listed.flat())].filter(isGatewayName).sort();
  }

  /** Whether the registration is the user's own, be it one that makes sense or not. */
  async isOwn(name: string): Promise<boolean> {
    return (await readIfPresent(this.#path(name, "metadata.json"))) !== undefined;
  }

  async add(registration: Registration): Promise<void> {
    await writeAtomically(this.#path(registration.name, "metadata.json"), formatRegistration(registration));
  }

  /** Removes the user's registration and all that was stored with it: certificates, login, memory of sandboxes. */
  async remove(name: string): Promise<void> {
    if ((await this.#activeOf("user")) === name) await rm(join(this.#roots.user, "active_gateway"), { force: true });
    await rm(join(this.#roots.user, "gateways", name), { recursive: true, force: true });
  }

  /** The name of the gateway that is used where none is named. */
  async active(): Promise<string | undefined> {
    return (await this.#activeOf("user")) ?? (await this.#activeOf("system"));
  }

  async activate(name: string): Promise<void> {
    await writeAtomically(join(this.#roots.user, "active_gateway"), name);
  }

  /** The sandbox that was used last with this gateway. */
  async lastSandbox(gateway: string): Promise<string | undefined> {
    return (await readIfPresent(this.#path(gateway, "last_sandbox")))?.trim() || undefined;
  }

  /** Records the sandbox that was used last; undefined forgets it. */
  async rememberSandbox(gateway: string, sandbox: string | undefined): Promise<void> {
    const path = this.#path(gateway, "last_sandbox");
    if (sandbox === undefined) await rm(path, { force: true });
    else await writeAtomically(path, sandbox);
  }

  /** A file that is kept with a gateway: the user's, or the system's where the user has none. */
  async read(gateway: string, file: string): Promise<{ path: string; text: string } | undefined> {
    for (const owner of ["user", "system"] as const) {
      const path = this.#path(gateway, file, owner);
      const text = await readIfPresent(path);
      if (text !== undefined) return { path, text };
    }
    return undefined;
  }

  /** Where a file of the user's registration is or would be. */
  pathOf(gateway: string, file: string): string {
    return this.#path(gateway, file);
  }

  async store(gateway: string, file: string, text: string): Promise<void> {
    await writeAtomically(this.#path(gateway, file), text);
  }

  async #activeOf(owner: keyof Directories): Promise<string | undefined> {
    const path = join(this.#roots[owner], "active_gateway");
    const name = (await readIfPresent(path))?.trim();
    if (!name) return undefined;
    if (isGatewayName(name)) return name;
    throw new Failure(`${path} does not hold a gateway name`, {
      next: "choose one with `openshell gateway select NAME`",
    });
  }

  #path(gateway: string, file: string, owner: keyof Directories = "user"): string {
    return join(this.#roots[owner], "gateways", gateway, file);
  }
}

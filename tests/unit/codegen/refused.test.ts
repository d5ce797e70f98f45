import { expect, test } from "vitest";
import { generate } from "./generate.ts";
import {
  authorization,
  bearer,
  byId,
  byName,
  dual,
  firstMethodLine,
  fromPrincipal,
  method,
  probe,
  sandbox,
} from "./probe.ts";

const path = "openshell/v1/under_test.proto";
const onMethod = `${path}:${firstMethodLine}:3: `;
/** Where the first field of the first message is, with one method before it. */
const onField = `${path}:${firstMethodLine + 2}:`;
const unset = "message ById { string sandbox_id = 1; }";
const marked = `message ById { string sandbox_id = 1 ${byId}; }`;

test.concurrent.each<[string, { methods: string[]; messages?: string[] }, string]>([
  [
    "a method without an option",
    { methods: [method("Open", "Empty")] },
    `${onMethod}Open has no (openshell.options.v1.authorization)`,
  ],
  [
    "an option that says nothing",
    { methods: [method("Open", "Empty", authorization(""))] },
    `${onMethod}Open has auth_mode ""; it must be one of unauthenticated, bearer, sandbox, dual`,
  ],
  [
    "an unknown mode",
    { methods: [method("Open", "Empty", authorization('auth_mode: "Bearer"'))] },
    `${onMethod}Open has auth_mode "Bearer"`,
  ],
  [
    "an unknown workspace role",
    { methods: [method("Open", "Empty", authorization('auth_mode: "bearer" workspace_role: "owner"'))] },
    `${onMethod}Open has workspace_role "owner"; it must be one of user, admin`,
  ],
  [
    "an unknown global role",
    { methods: [method("Open", "Empty", authorization('auth_mode: "bearer" global_role: "admin"'))] },
    `${onMethod}Open has global_role "admin"; it must be platform_admin`,
  ],
  [
    "a role where no user may call",
    { methods: [method("Open", "Empty", authorization('auth_mode: "sandbox" workspace_role: "user"'), fromPrincipal)] },
    `${onMethod}Open has auth_mode "sandbox", under which no scope or role can be asked`,
  ],
  [
    "a scope where everybody may call",
    { methods: [method("Open", "Empty", authorization('auth_mode: "unauthenticated" scope: "config:read"'))] },
    `${onMethod}Open has auth_mode "unauthenticated", under which no scope or role can be asked`,
  ],
  [
    "a sandbox's method that names no sandbox",
    { methods: [method("Open", "Empty", sandbox)] },
    `${onMethod}Open has auth_mode "sandbox", but neither sandbox_from_principal nor a field with sandbox_ref`,
  ],
  [
    "a dual method that names no sandbox",
    { methods: [method("Open", "Empty", dual)] },
    `${onMethod}Open has auth_mode "dual", but neither`,
  ],
  [
    "a sandbox that is both the caller and named",
    { methods: [method("Open", "ById", sandbox, fromPrincipal)], messages: [marked] },
    `${onMethod}Open has sandbox_from_principal, and a sandbox_ref in its request: only one can be true`,
  ],
  [
    "a user as the calling sandbox",
    { methods: [method("Open", "Empty", dual, fromPrincipal)] },
    `${onMethod}Open has sandbox_from_principal under auth_mode "dual"`,
  ],
  [
    "an anonymous caller who names a sandbox",
    { methods: [method("Open", "ById", authorization('auth_mode: "unauthenticated"'))], messages: [marked] },
    `${onMethod}Open has auth_mode "unauthenticated", but its request names a sandbox`,
  ],
  [
    "a reference by neither id nor name",
    {
      methods: [method("Open", "ById", bearer)],
      messages: ['message ById { string sandbox_id = 1 [(openshell.options.v1.sandbox_ref) = "uuid"]; }'],
    },
    `${onField}16: sandbox_ref must be "id" or "name", not "uuid"`,
  ],
  [
    "a reference that is not text",
    { methods: [method("Open", "ById", bearer)], messages: [`message ById { int64 sandbox_id = 1 ${byId}; }`] },
    `${onField}16: sandbox_ref marks sandbox_id, which is not a single string`,
  ],
  [
    "a reference that is several texts",
    { methods: [method("Open", "ById", bearer)], messages: [`message ById { repeated string ids = 1 ${byId}; }`] },
    `${onField}16: sandbox_ref marks ids, which is not a single string`,
  ],
  [
    "an optional reference that is none",
    {
      methods: [method("Open", "ById", bearer)],
      messages: ["message ById { string name = 1 [(openshell.options.v1.sandbox_ref_optional) = true]; }"],
    },
    `${onField}16: name has sandbox_ref_optional, but no sandbox_ref`,
  ],
  [
    "an id that is not marked",
    { methods: [method("Open", "ById", bearer)], messages: [unset] },
    `${onField}16: sandbox_id can be part of a request: mark it with (openshell.options.v1.sandbox_ref)`,
  ],
  [
    "a name that is not marked",
    { methods: [method("Open", "ById", bearer)], messages: ["message ById { string sandbox_name = 1; }"] },
    `${onField}16: sandbox_name can be part of a request`,
  ],
  [
    "several ids that are not marked",
    { methods: [method("Open", "ById", bearer)], messages: ["message ById { repeated string sandbox_ids = 1; }"] },
    `${onField}16: sandbox_ids can be part of a request`,
  ],
  [
    "an unmarked id deep in a request, beside a marked one",
    {
      methods: [method("Open", "Batch", sandbox)],
      messages: [
        unset,
        `message Batch { string sandbox_id = 1 ${byId}; oneof what { More more = 2; } }`,
        "message More { repeated ById ids = 1; }",
      ],
    },
    `${onField}16: sandbox_id can be part of a request`,
  ],
  [
    "an unmarked id within a map",
    {
      methods: [method("Open", "Batch", bearer)],
      messages: [unset, "message Batch { map<string, ById> by_key = 1; }"],
    },
    `${onField}16: sandbox_id can be part of a request`,
  ],
  [
    "a marked id within a map",
    {
      methods: [method("Open", "Batch", bearer)],
      messages: [marked, "message Batch { map<string, ById> by_key = 1; }"],
    },
    `${onField}16: sandbox_id has (openshell.options.v1.sandbox_ref) within a map, where the guard cannot check it`,
  ],
  [
    "a marked id at any depth",
    {
      methods: [method("Open", "Tree", bearer)],
      messages: [`message Tree { string sandbox_id = 1 ${byId}; repeated Tree children = 2; }`],
    },
    `${onField}16: sandbox_id has (openshell.options.v1.sandbox_ref) within a message within itself`,
  ],
  [
    "names in a repeated field",
    {
      methods: [method("Open", "Batch", sandbox)],
      messages: [
        `message One { string name = 1 ${byName}; }`,
        `message Batch { string sandbox_id = 1 ${byId}; repeated One all = 2; }`,
      ],
    },
    `${onField}15: name has (openshell.options.v1.sandbox_ref) by name in a repeated field`,
  ],
  [
    "ids in a repeated field alone",
    {
      methods: [method("Open", "Batch", sandbox)],
      messages: [marked, "message Batch { repeated ById all = 1; }"],
    },
    `${onField}16: sandbox_id is repeated: Open needs (openshell.options.v1.sandbox_ref) outside it too`,
  ],
])("%s fails generation with file, line and column", async (_what, parts, expected) => {
  const { exitCode, stderr, table } = await generate(probe(parts));
  expect(stderr).toContain(expected);
  expect(exitCode).not.toBe(0);
  expect(table).toBeUndefined();
});

test("a new package under openshell needs an option on every method, though none has one yet", async () => {
  const identity = "openshell/identity/v1/under_test.proto";
  const { exitCode, stderr } = await generate(
    probe({ methods: [method("A", "Empty"), method("B", "Empty")], packageName: "openshell.identity.v1" }),
    identity,
  );
  expect(exitCode).not.toBe(0);
  expect(stderr).toContain(`${identity}:5:3: A has no (openshell.options.v1.authorization)`);
  expect(stderr).toContain(`${identity}:6:3: B has no (openshell.options.v1.authorization)`);
});

test("a file that does not even import the options fails too", async () => {
  const source = probe({ methods: [method("Open", "Empty")] }).replace(/^import .*$/m, "");
  expect((await generate(source)).stderr).toContain(`${path}:5:3: Open has no (openshell.options.v1.authorization)`);
});

test("all problems are told at once, each once", async () => {
  const methods = [method("A", "ById", bearer), method("B", "ById", bearer), method("C", "Empty")];
  const { stderr } = await generate(probe({ methods, messages: [unset] }));
  expect(stderr.match(/sandbox_id can be part of a request/g)).toHaveLength(1);
  expect(stderr).toContain("C has no");
});

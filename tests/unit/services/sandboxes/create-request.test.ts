import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { CreateSandboxRequestSchema } from "../../../../gen/openshell/v1/sandboxes_pb.ts";
import { Refusal } from "../../../../src/core/refusal.ts";
import { readCreateRequest } from "../../../../src/services/sandboxes/create-request.ts";

type Request = MessageInitShape<typeof CreateSandboxRequestSchema>;
const read = (request: Request) => readCreateRequest(create(CreateSandboxRequestSchema, request));

function refusalOf(request: Request): Refusal {
  try {
    read(request);
  } catch (thrown) {
    return Refusal.from(thrown);
  }
  throw new Error("the request was accepted");
}

const many = (count: number, value = "v") =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`K${index}`, value]));
const environment = (map: Record<string, string>): Request => ({ spec: { environment: map } });
const secret = "hunter2\0hunter2";

test("an empty request is a sandbox with a generated name in the default workspace", () => {
  const [a, b] = [read({}), read({})];
  expect(a).toMatchObject({ workspace: "default", labels: {}, annotations: {} });
  expect(a.name).toMatch(/^sandbox-[a-z2-9]{8}$/);
  expect(a.name).not.toBe(b.name);
});

test("all that a user says is kept", () => {
  const wanted = {
    name: "my-box",
    labels: { "example.com/team": "red", empty: "" },
    annotations: { note: "anything at all ✓" },
    workspace: "default",
  };
  const read1 = read({
    ...wanted,
    spec: { command: ["bash", "-c", ""], tty: true, logLevel: "DEBUG", environment: { PATH: "", _x9: "\n" } },
  });
  expect(read1).toMatchObject(wanted);
  expect(read1.spec).toMatchObject({ command: ["bash", "-c", ""], tty: true, environment: { PATH: "", _x9: "\n" } });
});

test.each<[string, Request, string]>([
  ["an upper-case name", { name: "Box" }, "name: "],
  ["a name of 64", { name: "a".repeat(64) }, "name: "],
  ["a name that begins with a hyphen", { name: "-a" }, "name: "],
  ["a name that ends with a hyphen", { name: "a-" }, "name: "],
  ["a name with a dot", { name: "a.b" }, "name: "],
  ["a name with a slash", { name: "a/b" }, "name: "],
  ["a name with a NUL (A-53)", { name: "a\0b" }, "name: "],
  ["a name with a Cyrillic letter (A-53)", { name: "\u0430bc" }, "name: "],
  ["a name with a space at its end (A-53)", { name: "abc " }, "name: "],
  [
    "a name that is an id",
    { name: "7d9f7b7e-1111-4222-8333-444455556666" },
    "name: expected a name that cannot be taken for an id",
  ],
  ["a workspace that cannot be one", { workspace: "../etc" }, "workspace: "],
  [
    "a log level that nobody knows",
    { spec: { logLevel: "loud" } },
    "spec.log_level: expected trace, debug, info, warn or error; got 4",
  ],
  ["a variable that begins with a digit", environment({ "1A": "" }), `spec.environment["1A"]: `],
  ["a variable with a hyphen", environment({ "A-B": "" }), `spec.environment["A-B"]: `],
  ["a variable without a name", environment({ "": "x" }), "spec.environment[a key of nothing]: "],
  ["a variable with an equals sign", environment({ "A=B": "" }), `spec.environment["A=B"]: `],
  [
    "a variable with a NUL in its name",
    environment({ "A\0": "" }),
    "spec.environment[a key of 2 characters, some of them not printable]: ",
  ],
  ["a very long variable name", environment({ ["A".repeat(257)]: "" }), "spec.environment[a key of 257 characters]: "],
  [
    "the supervisor's token",
    environment({ OPENSHELL_SANDBOX_TOKEN: "x" }),
    `spec.environment["OPENSHELL_SANDBOX_TOKEN"]: expected a name that does not begin with OPENSHELL_`,
  ],
  [
    "the supervisor's token in lower case",
    environment({ openshell_sandbox_token: "x" }),
    `spec.environment["openshell_sandbox_token"]: `,
  ],
  [
    "a reserved variable in the template",
    { spec: { template: { environment: { OPENSHELL_X: "" } } } },
    `spec.template.environment["OPENSHELL_X"]: `,
  ],
  [
    "a variable's value with a NUL",
    environment({ A: secret }),
    `spec.environment["A"]: expected a value without NUL characters`,
  ],
  [
    "a variable's value that is too long",
    environment({ A: "x".repeat(32_769) }),
    `spec.environment["A"]: expected a value of at most 32768 characters; got 32769`,
  ],
  ["too many variables", environment(many(257)), "spec.environment: expected at most 256 variables; got 257"],
  ["a label key with a space", { labels: { "a b": "c" } }, `labels["a b"]: `],
  ["a label key with two slashes", { labels: { "a/b/c": "d" } }, `labels["a/b/c"]: `],
  ["a label key whose prefix is no domain", { labels: { "A_/b": "d" } }, `labels["A_/b"]: `],
  ["a label key with nothing after its prefix", { labels: { "example.com/": "d" } }, `labels["example.com/"]: `],
  ["a label key of 64", { labels: { ["a".repeat(64)]: "d" } }, "labels[a key of 64 characters]: "],
  ["a label value with a space", { labels: { a: "b c" } }, `labels["a"]: `],
  ["a label value of 64", { labels: { a: "b".repeat(64) } }, `labels["a"]: `],
  ["too many labels", { labels: many(65) }, "labels: expected at most 64 entries; got 65"],
  ["an annotation key with a space", { annotations: { "a b": "c" } }, `annotations["a b"]: `],
  [
    "annotations that are too long",
    { annotations: many(10, "x".repeat(10_000)) },
    "annotations: expected at most 65536 characters in all",
  ],
  ["a template's bad label", { spec: { template: { labels: { "a b": "" } } } }, `spec.template.labels["a b"]: `],
  [
    "a template's bad annotation",
    { spec: { template: { annotations: { "a b": "" } } } },
    `spec.template.annotations["a b"]: `,
  ],
  ["a command without a program", { spec: { command: ["", "x"] } }, "spec.command: expected a program first"],
  [
    "a command with a NUL",
    { spec: { command: ["sh", "-c", "a\0b"] } },
    "spec.command: expected words without NUL characters",
  ],
  [
    "a command of too many words",
    { spec: { command: Array(1025).fill("x") } },
    "spec.command: expected at most 1024 words; got 1025",
  ],
  [
    "a command that is too long",
    { spec: { command: ["x".repeat(140_000)] } },
    "spec.command: expected at most 131072 characters",
  ],
])("%s is refused, and the message names the field", (_what, request, message) => {
  const refusal = refusalOf(request);
  expect([refusal.code, refusal.message]).toEqual(["invalid_argument", expect.stringContaining(message)]);
});

test("a refused value is told by its shape, never by what it is (T7)", () => {
  expect(refusalOf(environment({ A: secret })).message).not.toContain("hunter2");
  expect(refusalOf({ labels: { a: "hunter2 hunter2" } }).message).not.toContain("hunter2");
  expect(refusalOf({ spec: { logLevel: "hunter2" } }).message).not.toContain("hunter2");
});

test("a key cannot write into the message what it likes", () => {
  expect(refusalOf(environment({ 'A"\n\u202e': "" })).message).toMatch(
    /^spec\.environment\[a key of 4 characters, some of them not printable\]/,
  );
});

test("a workspace that is not there is not found", () => {
  expect(refusalOf({ workspace: "other" })).toMatchObject({
    code: "not_found",
    message: "workspace 'other' not found",
  });
});

test.each<[string, Request]>([
  ["spec.providers", { spec: { providers: ["claude"] } }],
  ["spec.resource_requirements.gpu", { spec: { resourceRequirements: { gpu: { count: 1 } } } }],
])("%s, which this gateway cannot give yet, is refused rather than ignored", (field, request) => {
  expect(refusalOf(request)).toMatchObject({ code: "unimplemented", message: expect.stringContaining(field) });
});

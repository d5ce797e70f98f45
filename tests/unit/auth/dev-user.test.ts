import { expect, test } from "vitest";
import { type Arrival, createDevUserAuthenticator } from "../../../src/auth/index.ts";
import { arrival, callMethod } from "../../support/tokens.ts";

const devUser = createDevUserAuthenticator({ hosts: ["gateway.local", "Box"], isSandboxOnly: () => false });
const ask = (over: Partial<Arrival>, bearer?: string) =>
  devUser.authenticate({ method: callMethod, bearer, arrival: { ...arrival, ...over } });
const refused = { kind: "refuse", reason: "credential-missing" };

test("the development user has every role and scope, and says what it is", () => {
  expect(ask({})).toEqual({
    kind: "accept",
    principal: {
      kind: "user",
      provider: "local_dev",
      issuer: "local_dev",
      subject: "unauthenticated-local-dev",
      displayName: expect.any(String),
      roles: new Set(["openshell-user", "openshell-admin"]),
      scopes: new Set(["openshell:all"]),
    },
  });
});

test.each<[string, Partial<Arrival>]>([
  ["127.0.0.1 with a port", { host: "127.0.0.1:17670" }],
  ["127.0.0.1 without one", { host: "127.0.0.1" }],
  ["another address of loopback", { host: "127.1.2.3:80", peer: "127.1.2.3", localAddress: "127.1.2.3" }],
  ["localhost", { host: "localhost:17670" }],
  ["LOCALHOST", { host: "LOCALHOST:17670" }],
  ["[::1]", { host: "[::1]:17670", peer: "::1", localAddress: "::1" }],
  ["a mapped peer", { peer: "::ffff:127.0.0.1", localAddress: "::ffff:127.0.0.1" }],
  ["a configured name", { host: "gateway.local:17670" }],
  ["a configured name in other letters", { host: "box" }],
  ["the gateway's own page", { origin: "http://127.0.0.1:17670" }],
  ["the gateway's own page over TLS", { host: "localhost", origin: "https://localhost", encrypted: true }],
  ["the gateway's own page on the scheme's port", { host: "localhost:80", origin: "http://localhost" }],
])("it answers %s", (_what, over) => {
  expect(ask(over)).toMatchObject({ kind: "accept" });
});

test.each<[string, Partial<Arrival>]>([
  ["a listener that sandboxes reach", { listener: "sandboxes" }],
  ["a peer elsewhere", { peer: "192.168.1.7" }],
  ["a peer in a container", { peer: "172.17.0.2" }],
  ["a mapped peer elsewhere", { peer: "::ffff:10.0.0.1" }],
  ["a peer of no address", { peer: "" }],
  ["a peer with a name", { peer: "localhost" }],
  ["an address that others reach", { localAddress: "192.168.1.2" }],
  ["the wildcard address", { localAddress: "0.0.0.0" }],
  ["IPv6 elsewhere", { peer: "fe80::1", localAddress: "fe80::2" }],
  ["no Host", { host: undefined }],
  ["an empty Host", { host: "" }],
  ["a rebinding page's name", { host: "evil.example:17670" }],
  ["a rebinding page's name with its Origin", { host: "evil.example:17670", origin: "http://evil.example:17670" }],
  ["a name that begins like loopback", { host: "127.0.0.1.evil.example" }],
  ["a name that ends like loopback", { host: "evil.localhost" }],
  ["localhost with a dot", { host: "localhost." }],
  ["localhost with a user", { host: "localhost@evil.example" }],
  ["the wildcard as Host", { host: "0.0.0.0:17670" }],
  ["loopback in short", { host: "127.1" }],
  ["loopback as a number", { host: "2130706433" }],
  ["loopback in hex", { host: "0x7f000001" }],
  ["loopback in octal", { host: "0177.0.0.1" }],
  ["loopback with 300 in it", { host: "127.0.0.300" }],
  ["an IPv6 address elsewhere", { host: "[2001:db8::1]:17670" }],
  ["mapped loopback as Host", { host: "[::ffff:127.0.0.1]" }],
  ["a port that is none", { host: "localhost:99999" }],
  ["a port with a sign", { host: "localhost:+80" }],
  ["two Hosts in one", { host: "localhost, evil.example" }],
  ["Host with white space", { host: " localhost" }],
  ["Host with a path", { host: "localhost/x" }],
  ["a configured name's child", { host: "a.gateway.local" }],
  ["another page's Origin", { origin: "https://evil.example" }],
  ["Origin null", { origin: "null" }],
  ["an empty Origin", { origin: "" }],
  ["another port's page", { origin: "http://127.0.0.1:3000" }],
  ["a page of the scheme's port", { origin: "http://127.0.0.1" }],
  ["another scheme's page", { origin: "https://127.0.0.1:17670" }],
  ["another name of this machine", { origin: "http://localhost:17670" }],
  ["an Origin with a path", { origin: "http://127.0.0.1:17670/" }],
  ["an Origin with a user", { origin: "http://x@127.0.0.1:17670" }],
  ["two Origins in one", { origin: "http://127.0.0.1:17670 http://evil.example" }],
  ["an Origin in upper case", { origin: "HTTP://127.0.0.1:17670" }],
  ["an extension's page", { origin: "chrome-extension://abcdef" }],
])("A6: it does not answer %s", (_what, over) => {
  expect(ask(over)).toEqual(refused);
});

test("A6: it never answers for whoever presented a credential", () => {
  expect(ask({}, "x")).toEqual(refused);
});

test("A6: it never answers for a method of sandboxes", () => {
  const strict = createDevUserAuthenticator({ isSandboxOnly: (method) => method === callMethod });
  expect(strict.authenticate({ method: callMethod, bearer: undefined, arrival })).toEqual(refused);
  expect(strict.authenticate({ method: "x/Y", bearer: undefined, arrival })).toMatchObject({ kind: "accept" });
});

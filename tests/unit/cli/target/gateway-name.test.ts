import { expect, test } from "vitest";
import { parseEndpoint } from "../../../../src/cli/target/endpoint.ts";
import { defaultGatewayName, parseGatewayName } from "../../../../src/cli/target/gateway-name.ts";

test.each(["openshell", "a", "prod-1", "gateway.example", "A_b", "x".repeat(128)])("%s is a gateway name", (name) => {
  expect(parseGatewayName(name)).toBe(name);
});

test.each(["", ".", "..", "../x", "a/b", "a\\b", "/etc", ".hidden", "-g", "a b", "a\n", "a\0", "é", "x".repeat(129)])(
  "%j is no gateway name",
  (name) => {
    expect(() => parseGatewayName(name)).toThrow("is not a gateway name");
  },
);

test.each([
  ["http://127.0.0.1:17670", "openshell"],
  ["https://localhost", "openshell"],
  ["https://gateway.example:8443", "gateway.example"],
  ["https://[2001:db8::1]", "2001-db8--1"],
])("a gateway at %s is called %s where no name is given", (endpoint, name) => {
  expect(parseGatewayName(defaultGatewayName(parseEndpoint(endpoint, "x")))).toBe(name);
});

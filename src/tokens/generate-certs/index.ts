/** What `openshell-gateway generate-certs` does (requirement T2): signing keys, and certificates beside them. */
export { describeGenerated } from "./describe-generated.ts";
export { ensureSigningKeys, generateCerts } from "./generate-certs.ts";

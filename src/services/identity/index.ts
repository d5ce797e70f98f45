/** What administrators see and do of sandboxes' credentials: `openshell.identity.v1`. */
export { identityService } from "./identity-service.ts";

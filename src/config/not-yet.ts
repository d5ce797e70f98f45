/**
 * What OpenShell's gateway can be told and this one cannot do yet. A known name deserves a better answer than "unknown
 * key", and a variable that asks for authentication must not be passed over in silence.
 */
const tables = ["oidc", "mtls_auth", "interceptors", "otlp", "provider_profile_sources"];
const keys = [
  "credential_drivers",
  "default_credential_driver",
  "credential_storage",
  "sandbox_namespace",
  "ssh_session_ttl_secs",
  "grpc_rate_limit_requests",
  "grpc_rate_limit_window_seconds",
  "policy_validation_failure_mode",
  "server_sans",
  "enable_loopback_service_http",
  "default_image",
  "supervisor_image",
  "client_tls_secret_name",
  "service_account_name",
  "host_gateway_ip",
  "enable_user_namespaces",
  "sa_token_ttl_secs",
  "guest_tls_cert",
  "guest_tls_key",
  "tls.external_cert_path",
  "tls.external_key_path",
  "tls.external_server_names",
];

const known = new Set([
  "openshell.drivers",
  "openshell.supervisor",
  ...[...tables, ...keys].map((key) => `openshell.gateway.${key}`),
]);

export const isKeyOfLater = (path: string): boolean => known.has(path);

export const variablesOfLater = [
  "OPENSHELL_OIDC_ISSUER",
  "OPENSHELL_ENABLE_MTLS_AUTH",
  "OPENSHELL_GRPC_RATE_LIMIT_REQUESTS",
  "OPENSHELL_COMPUTE_DRIVER_SOCKET",
];

export const notYet = "this gateway does not have this yet";

import { path, yesOrNo } from "../kind.ts";
import { optional, settled } from "../option.ts";

/** Certificates. */
export const tlsOptions = {
  disableTls: settled({
    key: "disable_tls",
    flag: "--disable-tls",
    env: "OPENSHELL_DISABLE_TLS",
    kind: yesOrNo,
    fallback: false,
    says: "Cleartext, also on addresses that other machines reach, and where certificates are there.",
  }),
  tlsCert: optional({
    key: "tls.cert_path",
    flag: "--tls-cert",
    env: "OPENSHELL_TLS_CERT",
    kind: path,
    otherwise: "`<tls>/server/tls.crt` where it exists",
    says: "The server's certificate chain (PEM). Read again when it changes.",
  }),
  tlsKey: optional({
    key: "tls.key_path",
    flag: "--tls-key",
    env: "OPENSHELL_TLS_KEY",
    kind: path,
    otherwise: "`<tls>/server/tls.key` where it exists",
    says: "The certificate's private key (PEM).",
  }),
  tlsClientCa: optional({
    key: "tls.client_ca_path",
    flag: "--tls-client-ca",
    env: "OPENSHELL_TLS_CLIENT_CA",
    kind: path,
    otherwise: "none",
    says: "Client certificates of these authorities (PEM) are accepted.",
  }),
  requireClientAuth: settled({
    key: "tls.require_client_auth",
    kind: yesOrNo,
    fallback: false,
    says: "Whether a client must show a certificate.",
  }),
  guestTlsCa: optional({
    key: "guest_tls_ca",
    kind: path,
    otherwise: "`<tls>/ca.crt` where the certificate is from there too",
    says: "What supervisors trust as the gateway's certificate (PEM).",
  }),
};

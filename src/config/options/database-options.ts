import { name, secretText, wholeNumber } from "../kind.ts";
import { optional, settled } from "../option.ts";

/** The database, and who this gateway is among those that share it (requirement K4). */
export const databaseOptions = {
  databaseUrl: optional({
    flag: "--db-url",
    env: "OPENSHELL_DB_URL",
    kind: secretText("url", "a database URL"),
    secret: true,
    otherwise: "`sqlite:<state>/gateway/openshell.db`",
    says: "The database: `sqlite:<path>`, or `postgres://user:password@host:port/database`, which several gateways may share. Not in the file, as such a URL can hold a password.",
  }),
  databaseConnections: settled({
    key: "db_connections",
    flag: "--db-connections",
    env: "OPENSHELL_DB_CONNECTIONS",
    kind: wholeNumber(1, 100),
    fallback: 10,
    says: "Connections to Postgres for queries; one more follows what other gateways change.",
  }),
  replicaName: optional({
    key: "replica_name",
    flag: "--replica-name",
    env: "OPENSHELL_REPLICA_NAME",
    kind: name(/^[!-~]{1,63}$/, "1 to 63 printable ASCII characters without spaces"),
    otherwise: "made once, and kept in `<state>/gateway/replica-name`",
    says: "Names this gateway among those that share a database. It lasts over restarts, and no two have the same.",
  }),
};

interface ReplicaRow {
  /** Made anew at each start. */
  id: string;
  /** Lasts over restarts. */
  name: string;
  url: string;
  /** Milliseconds since the epoch, by the database's clock. */
  renewed_at: number;
}

/** See `StoredSession` for what the columns mean. */
export interface SessionRow {
  sandbox_id: string;
  replica_id: string;
  session_id: string;
  instance_id: string;
}

export interface ReplicaTables {
  replicas: ReplicaRow;
  sandbox_sessions: SessionRow;
}

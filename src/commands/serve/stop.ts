/** Requests may take as long to end as `--stop-timeout` says, but no longer than this. */
export const MAX_STOP_MS = 600_000;

/** One event as a JSON line on stderr; stdout belongs to the protocol. Ids and counts only, never trace text. */
export function log(event: string, facts: Record<string, string | number | boolean | undefined> = {}): void {
  console.error(JSON.stringify({ time: new Date().toISOString(), event, ...facts }));
}

/** An unexpected error for the log: its stack tells where, for whoever mends it. */
export function logError(event: string, error: unknown): void {
  log(event, { error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
}

/** The kinds of transcripts that are read, as `--from` names them. */
export const TRANSCRIPT_FORMATS = [
  "traces",
  "chat",
  "claude-code",
  "codex",
  "swe-agent",
  "tau-bench",
  "otel",
] as const;
export type TranscriptFormat = (typeof TRANSCRIPT_FORMATS)[number];

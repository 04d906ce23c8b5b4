import { isChatRow, readChat } from "./chat-reader.ts";
import { claudeCodeReader, isClaudeCodeRow } from "./claude-code-session-reader.ts";
import { codexReader, isCodexRow } from "./codex-rollout-reader.ts";
import { isSpanRow } from "./otel-attributes.ts";
import { otelReader } from "./otel-genai-reader.ts";
import { isSweAgentRow, readSweAgent } from "./swe-agent-reader.ts";
import { isTauBenchRow, readTauBench } from "./tau-bench-reader.ts";
import { isTraceRow, readTraceRow } from "./trace-json-reader.ts";
import type { Row, TraceRead, TranscriptReader } from "./trace-row.ts";
import type { TranscriptFormat } from "./transcript-formats.ts";

export function openReader(format: TranscriptFormat): TranscriptReader {
  switch (format) {
    case "traces":
      return rowByRow((place, row) => [readTraceRow(place, row)]);
    case "chat":
      return rowByRow(readChat);
    case "claude-code":
      return claudeCodeReader();
    case "codex":
      return codexReader();
    case "swe-agent":
      return rowByRow(readSweAgent);
    case "tau-bench":
      return rowByRow(readTauBench);
    case "otel":
      return otelReader();
  }
}

function rowByRow(take: (place: string, row: Row) => TraceRead[]): TranscriptReader {
  return { take, end: () => [] };
}

/**
 * What a row is, by what it holds. A task with its reasoning is a trace whatever stands beside it; a run with a reward
 * is told before a mere conversation.
 */
export function formatOf(row: Row): TranscriptFormat | undefined {
  if (isTraceRow(row)) return "traces";
  if (isCodexRow(row)) return "codex";
  if (isClaudeCodeRow(row)) return "claude-code";
  if (isSpanRow(row)) return "otel";
  if (isTauBenchRow(row)) return "tau-bench";
  if (isSweAgentRow(row)) return "swe-agent";
  return isChatRow(row) ? "chat" : undefined;
}

/** Formats of which a row says something only together with those around it. */
export function isSession(format: TranscriptFormat): boolean {
  return format === "claude-code" || format === "codex";
}

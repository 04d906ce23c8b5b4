import type { Outcome } from "../../model/outcome.ts";
import type { TranscriptFormat } from "./transcript-formats.ts";
import { type ReadingOptions, readTranscripts } from "./transcripts.ts";

/** What transcripts hold, without storing anything. */
export interface Survey {
  files: number;
  traces: number;
  refused: number;
  formats: Partial<Record<TranscriptFormat, FormatSurvey>>;
  /** The first refusals, at most as many as were asked for. */
  refusals: { file: string; place: string; reason: string }[];
}

export interface FormatSurvey {
  traces: number;
  outcomes: Record<Outcome, number>;
  /** Output tokens, by the transcript where it states them (`stated`: of so many traces), else as `count` counts. */
  tokens: number;
  stated: number;
}

/**
 * Reads transcripts and counts what is in them. `count` counts the tokens of a text, where a transcript states none.
 *
 * Throws: BAD_FILE when no path stands for anything.
 */
export async function surveyTranscripts(
  paths: readonly string[],
  {
    count,
    listed = 20,
    ...options
  }: ReadingOptions & { count(text: string): Promise<number> | number; listed?: number },
): Promise<Survey> {
  const survey: Survey = { files: 0, traces: 0, refused: 0, formats: {}, refusals: [] };
  let file: string | undefined;
  for await (const read of readTranscripts(paths, options)) {
    if (read.file !== file) survey.files++; // files come one after the other
    file = read.file;
    if ("reason" in read) {
      survey.refused++;
      if (survey.refusals.length < listed) survey.refusals.push(read);
      continue;
    }
    const { trace, format } = read;
    survey.formats[format] ??= {
      traces: 0,
      outcomes: { success: 0, failure: 0, unknown: 0 },
      tokens: 0,
      stated: 0,
    };
    const of = survey.formats[format];
    survey.traces++;
    of.traces++;
    of.outcomes[trace.outcome]++;
    if (trace.output_tokens !== undefined) of.stated++;
    of.tokens += trace.output_tokens ?? (await count(trace.reasoning + (trace.answer ?? "")));
  }
  return survey;
}

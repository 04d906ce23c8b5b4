import { join } from "node:path";
import { expect, test } from "vitest";
import { writeArray, writeLines } from "../../bench/drawn-transcripts.ts";
import { surveyTranscripts } from "../../src/adapters/readers/transcript-survey.ts";
import { tempDirectory } from "../ports.ts";

test("the transcripts that the bench makes up are of every kind, and all of them are read", async () => {
  using directory = tempDirectory();
  const lines = await writeLines(join(directory.path, "a.jsonl"), 1_000_000);
  const array = await writeArray(join(directory.path, "b.json"), 100_000);
  const survey = await surveyTranscripts([directory.path], { count: () => 0 });
  expect(survey).toMatchObject({ files: 2, traces: lines + array, refused: 0 });
  expect(Object.keys(survey.formats)).toHaveLength(7);
});

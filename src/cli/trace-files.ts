import type { Refused } from "../adapters/import-faults.ts";
import { openImportFile } from "../adapters/import-file.ts";
import { recognizeFormat } from "../adapters/import-format.ts";
import {
  parseDocument,
  readTraceDocument,
  readTraceLines,
  type TraceRow,
} from "../adapters/trace-json-reader.ts";
import { HandbookError } from "../errors.ts";

/** A trace, or what could not be read and why, each with its place. */
export type TraceOfFile = { file: string } & ({ place: string; trace: TraceRow } | Refused);

/** Reads the traces of files; what cannot be read is told and the rest goes on. */
export async function* readTraceFiles(paths: readonly string[]): AsyncGenerator<TraceOfFile> {
  for (const file of paths) {
    try {
      await using opened = await openImportFile(file);
      const rows =
        recognizeFormat(opened.head) === "document"
          ? readTraceDocument(parseDocument(file, await opened.text()))
          : readTraceLines(opened.lines());
      for await (const row of rows) yield { file, ...row };
    } catch (error) {
      if (!(error instanceof HandbookError)) throw error;
      yield { file, place: "the file", reason: error.message };
    }
  }
}

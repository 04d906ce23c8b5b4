import * as z from "zod";
import { Trace } from "../../../src/model/trace.ts";

const {
  task,
  reasoning,
  answer,
  outcome,
  evidence,
  output_tokens,
  input_tokens,
  model,
  agent,
  license,
  handbook,
} = Trace.shape;

/** What a reader may hand over: the ledger would take it as it is. */
export const TraceRowShape = z.strictObject({
  task,
  reasoning,
  answer,
  outcome,
  evidence: evidence.optional(),
  output_tokens: output_tokens.optional(),
  input_tokens,
  model,
  agent,
  license,
  handbook: handbook.optional(),
});

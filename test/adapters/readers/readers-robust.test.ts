import fc from "fast-check";
import { expect, test } from "vitest";
import { TRANSCRIPT_FORMATS } from "../../../src/adapters/readers/transcript-formats.ts";
import { readLines } from "./read-rows.ts";
import { TraceRowShape } from "./trace-row-shape.ts";

const KEYS = (
  "type role content messages traj trajectory steps payload message uuid parentUuid isSidechain sessionId agentId " +
  "traceId spanId attributes resourceSpans scopeSpans spans events key value stringValue parts tool_calls function " +
  "name arguments id call_id output info task instruction reward thought action observation history usage " +
  "output_tokens choices response request summary text input reasoning gen_ai.input.messages gen_ai.prompt.0.role " +
  "gen_ai.prompt.0.content gen_ai.completion.0.tool_calls.0.name toString valueOf length total_token_usage num_turns model prompt from"
).split(" ");
const WORDS = (
  "user assistant system tool text event_msg response_item user_message token_count thread_rolled_back task_started " +
  "function_call function_call_output message reasoning tool_use tool_result attachment compacted tool_call a b"
).split(" ");

const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.constantFrom(null, true, false, 0, 1, -1, 0.5, 1e20, "", " ", "\u0000", "\ud800"),
    fc.constantFrom(...WORDS),
    fc.array(tie("value"), { maxLength: 4 }),
    tie("row"),
  ),
  row: fc.dictionary(fc.constantFrom(...KEYS), tie("value"), { maxKeys: 6 }),
}));

test.each(["auto", ...TRANSCRIPT_FORMATS] as const)(
  "whatever is given as %s is read or refused, and nothing breaks",
  async (from) => {
    await fc.assert(
      fc.asyncProperty(fc.array(value, { maxLength: 8 }), async (values) => {
        for (const read of await readLines(values, from)) {
          if ("trace" in read) expect(TraceRowShape.safeParse(read.trace).error).toBeUndefined();
          else expect(read.reason).not.toBe("");
        }
      }),
      { numRuns: 400 },
    );
  },
);

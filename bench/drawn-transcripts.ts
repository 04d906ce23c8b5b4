// Made-up transcripts of every kind that is read, the same ones every time; only their sizes are like real ones.
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { finished } from "node:stream/promises";
import { synthetic } from "./data.ts";

const SEED = 1;
const TEXTS = 200;
const TEXT_CHARACTERS = 4000;

type Lines = readonly object[];

/** Writes lines of all kinds in turn and returns how many traces they hold. */
export async function writeLines(path: string, bytes: number): Promise<number> {
  const kinds = [trace, chat, tauRun, sweRun, spans, claudeTurn, codexTurn];
  const text = texts();
  return write(path, bytes, { before: "", between: "\n", after: "\n" }, (i) => ({
    lines: kinds[i % kinds.length]?.(i, text) ?? [],
    traces: 1,
  }));
}

/** Writes runs of τ-bench as one array, as its own program does. */
export async function writeArray(path: string, bytes: number): Promise<number> {
  const text = texts();
  return write(path, bytes, { before: "[\n", between: ",\n", after: "\n]\n" }, (i) => ({
    lines: tauRun(i, text),
    traces: 1,
  }));
}

async function write(
  path: string,
  bytes: number,
  { before, between, after }: { before: string; between: string; after: string },
  next: (i: number) => { lines: Lines; traces: number },
): Promise<number> {
  const file = createWriteStream(path);
  file.write(before);
  let written = 0;
  let traces = 0;
  for (let i = 0; written < bytes; i++) {
    const part = next(i);
    const text = part.lines.map((line) => JSON.stringify(line)).join(between);
    if (!file.write(i === 0 ? text : between + text)) await once(file, "drain");
    written += Buffer.byteLength(text) + between.length;
    traces += part.traces;
  }
  file.end(after);
  await finished(file);
  return traces;
}

type Text = (i: number) => string;

function texts(): Text {
  const { reasoning } = synthetic(100, SEED);
  const drawn = Array.from({ length: TEXTS }, () => reasoning(TEXT_CHARACTERS));
  return (i) => drawn[i % TEXTS] ?? "";
}

const toolCall = (id: string) => ({
  id,
  type: "function",
  function: { name: "search", arguments: '{"q":1}' },
});
const userSays = (i: number) => ({
  role: "user",
  content: `Do what number ${i} says, and nothing else than that.`,
});

function trace(i: number, text: Text): Lines {
  return [
    {
      task: `task ${i}`,
      reasoning: text(i) + text(i + 1) + text(i + 2),
      answer: `${i}`,
      correct: i % 2 === 0,
    },
  ];
}

function chat(i: number, text: Text): Lines {
  return [
    {
      messages: [
        { role: "system", content: text(i) },
        userSays(i),
        { role: "assistant", content: null, tool_calls: [toolCall("a")] },
        { role: "tool", tool_call_id: "a", content: text(i + 1) },
        { role: "assistant", content: text(i + 2) },
      ],
    },
  ];
}

function tauRun(i: number, text: Text): Lines {
  const turn = (n: number) => [userSays(n), { role: "assistant", content: text(n) }];
  const traj = [{ role: "system", content: text(i) }, ...turn(i), ...turn(i + 1), ...turn(i + 2)];
  return [{ task_id: i, reward: i % 2, info: { task: { instruction: `instruction ${i}` } }, traj, trial: 0 }];
}

function sweRun(i: number, text: Text): Lines {
  const trajectory = [0, 1, 2].map((n) => ({
    thought: text(i + n),
    action: "ls\n",
    observation: text(i + n + 1),
    response: text(i + n),
    state: {},
  }));
  return [{ environment: "swe_main", instance_id: `instance-${i}`, trajectory, history: [], info: {} }];
}

function spans(i: number, text: Text): Lines {
  const traceId = i.toString(16).padStart(32, "0");
  const say = (role: string, content: string) => ({ role, parts: [{ type: "text", content }] });
  const span = (n: number, input: object[], output: object[]) => ({
    traceId,
    spanId: `${n}`.padStart(16, "0"),
    startTimeUnixNano: `${1_700_000_000_000_000_000n + BigInt(n)}`,
    attributes: {
      "gen_ai.operation.name": "chat",
      "gen_ai.usage.output_tokens": 1000,
      "gen_ai.input.messages": JSON.stringify(input),
      "gen_ai.output.messages": JSON.stringify(output),
    },
  });
  const [task, first, more, last] = [`task ${i}`, text(i), text(i + 1), text(i + 2)];
  const asked = [say("user", task)];
  const goesOn = [...asked, say("assistant", first), say("user", more)];
  return [span(1, asked, [say("assistant", first)]), span(2, goesOn, [say("assistant", last)])];
}

function claudeTurn(i: number, text: Text): Lines {
  const line = (n: number, type: string, message: object) => ({
    type,
    uuid: `${i}-${n}`,
    parentUuid: n === 0 ? `${i - 7}-3` : `${i}-${n - 1}`,
    isSidechain: false,
    sessionId: "session",
    timestamp: "2026-01-01T00:00:00.000Z",
    message,
  });
  const answer = (n: number, content: object[]) =>
    line(n, "assistant", {
      id: `msg_${i}_${n}`,
      role: "assistant",
      model: "model",
      content,
      stop_reason: "end_turn",
      usage: { output_tokens: 900, input_tokens: 5 },
    });
  return [
    line(0, "user", userSays(i)),
    answer(1, [{ type: "tool_use", id: `tool_${i}`, name: "Read", input: { file_path: "a.ts" } }]),
    line(2, "user", {
      role: "user",
      content: [{ type: "tool_result", tool_use_id: `tool_${i}`, content: text(i) + text(i + 1) }],
    }),
    answer(3, [{ type: "text", text: text(i + 2) }]),
  ];
}

function codexTurn(i: number, text: Text): Lines {
  const line = (type: string, payload: object) => ({ timestamp: "2026-01-01T00:00:00.000Z", type, payload });
  const message = `Do what number ${i} says`;
  const count = { total_token_usage: { input_tokens: 10 * i, output_tokens: 100 * i } };
  return [
    line("event_msg", { type: "user_message", message }),
    line("response_item", { type: "function_call", name: "exec", arguments: "{}", call_id: "a" }),
    line("response_item", { type: "function_call_output", call_id: "a", output: text(i) + text(i + 1) }),
    line("response_item", {
      type: "message",
      role: "assistant",
      content: [{ type: "output_text", text: text(i + 2) }],
    }),
    line("event_msg", { type: "token_count", info: count }),
  ];
}

import { type Attempt, attemptRead } from "./attempt.ts";
import { isMessageList, type Message, messagesOf, messageText, usageOf, usageSum } from "./chat-messages.ts";
import { firstText, inner, isRow, listOf, outcomeOf, type Row, type TraceRead } from "./trace-row.ts";

/** A user message that is shorter belongs to the task before it: "yes", "go on", "that is wrong". */
const SHORTEST_TASK = 40;

/** Whether a row is a conversation: a list of messages, or a request beside its response. */
export function isChatRow(row: Row): boolean {
  return isMessageList(listIn(row));
}

/**
 * Reads a conversation of OpenAI's chat format: what fine-tuning takes (`{"messages": […]}`), and logs of requests
 * with their responses (`choices`, or the lines of a batch).
 *
 * One conversation is one trace, unless it goes from task to task: after an answer that calls no tool and does not
 * end in a question, a user message of at least 40 characters opens the next task. A row that states an outcome
 * states it of the whole, so that one is never cut. What the row says its usage was counts only where it is of the
 * one answer: a log of requests repeats the conversation and tells what the last answer cost.
 *
 * Source: OpenAI API reference, "Create chat completion", "Fine-tuning, chat format" and "Batch".
 */
export function readChat(place: string, row: Row): TraceRead[] {
  const completion = completionIn(row);
  const list = [...listOf(listIn(row)), ...listOf(completion.choices).slice(0, 1).map(messageIn)];
  const messages = messagesOf(list).filter(({ role }) => role !== "system");
  const outcome = outcomeOf(row);
  const answers = messages.filter(({ role }) => role === "assistant");
  const [only] = answers;
  if (only !== undefined && answers.length === 1) only.usage ??= usageOf(completion.usage ?? row.usage);
  const common = {
    outcome,
    model: firstText(row, ["model"]) ?? firstText(completion, ["model"]),
    agent: firstText(row, ["agent"]),
  };
  const parts = outcome === "unknown" ? tasksOf(messages) : [messages];
  return parts.map((part, i) =>
    attemptRead(parts.length === 1 ? place : `${place}, task ${i + 1}`, { ...attemptOf(part), ...common }),
  );
}

/** A conversation as one attempt: what the user asks first is the task, what else they say is a step. */
export function attemptOf(messages: readonly Message[]): Attempt {
  const first = messages.findIndex(({ role }) => role === "user");
  const [task] = messages.slice(first, first + 1);
  const rest = messages.filter((_, i) => i !== first);
  return {
    task: task === undefined ? "" : messageText(task),
    steps: rest.flatMap(({ steps }) => steps),
    ...usageSum(rest),
  };
}

function tasksOf(messages: readonly Message[]): Message[][] {
  const parts: Message[][] = [[]];
  let isClosed = false;
  for (const message of messages) {
    if (message.role === "user" && isClosed && messageText(message).trim().length >= SHORTEST_TASK) {
      parts.push([]);
    }
    parts.at(-1)?.push(message);
    const callsTool = message.steps.some(({ kind }) => kind === "tool_call");
    isClosed = message.role === "assistant" && !callsTool && !/\?\s*$/.test(messageText(message).slice(-200));
  }
  return parts;
}

function listIn(row: Row): unknown {
  const request = [row.request, row.body].find((part) => isRow(part) && Array.isArray(part.messages));
  return row.messages ?? row.conversations ?? inner(request).messages;
}

/** The response of a log; in a batch's output it is the body. */
function completionIn(row: Row): Row {
  const response = inner(row.response);
  return [row, response, inner(response.body)].find((part) => Array.isArray(part.choices)) ?? {};
}

function messageIn(choice: unknown): unknown {
  return inner(choice).message;
}

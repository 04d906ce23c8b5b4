import { createHash } from "node:crypto";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { KeptLlm } from "../ports/learning.ts";
import type { ChatMessage, Completion, CompletionOptions, Llm } from "../ports/models.ts";
import { makeDirectory } from "./make-directory.ts";

const BUSY_MS = 5000;

/** Answers of models that were paid for, in a file, so that the same question is never paid for twice. */
export interface KeptAnswers extends Disposable {
  /** The model, asked only what it has not answered yet. Two that ask the same at once ask once. */
  of(llm: Llm): KeptLlm;
}

/**
 * Opens the file, which several processes may share. A question is the model's name, the messages, and all that shapes
 * the answer: the limit of its length, temperature and seed. An answer is on disk before it is told.
 */
export function keptAnswers(path: string): KeptAnswers {
  makeDirectory(dirname(path));
  const file = new DatabaseSync(path, { timeout: BUSY_MS });
  file.exec(
    "pragma journal_mode = wal; pragma synchronous = full; create table if not exists answers (question text primary key, answer text not null) strict",
  );
  const find = file.prepare("select answer from answers where question = ?");
  const keep = file.prepare("insert or ignore into answers (question, answer) values (?, ?)");
  const drop = file.prepare("delete from answers where question = ?");
  const asked = new Map<string, Promise<Completion>>();
  return {
    of(llm) {
      let fromFile = 0;
      return {
        model: llm.model,
        fromFile: () => fromFile,
        has: (messages) => find.get(digest(llm, messages)) !== undefined,
        forget: (messages) => void drop.run(digest(llm, messages)),
        async complete(messages, options = {}) {
          const question = digest(llm, messages, options);
          const known = find.get(question);
          if (known !== undefined) {
            fromFile++;
            return JSON.parse(String(known.answer));
          }
          const answer = asked.get(question) ?? llm.complete(messages, options);
          asked.set(question, answer);
          try {
            const told = await answer;
            keep.run(question, JSON.stringify(told));
            return told;
          } finally {
            asked.delete(question);
          }
        },
      };
    },
    [Symbol.dispose]: () => file.close(),
  };
}

function digest(
  { model }: Llm,
  messages: readonly ChatMessage[],
  { maxTokens, temperature, seed }: CompletionOptions = {},
): string {
  const question = [model, messages, maxTokens, temperature, seed];
  return createHash("sha256").update(JSON.stringify(question)).digest("hex");
}

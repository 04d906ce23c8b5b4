import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { HandbookError } from "../errors.ts";
import type { LearningJournal } from "../ports/learning.ts";
import { makeDirectory } from "./make-directory.ts";

const BUSY_MS = 5000;

/**
 * Opens the notes of a run in a file, which may hold those of other runs and the answers of models too. What is noted outlives
 * the process; a power cut may take the last notes, and then a little is paid again.
 *
 * Throws: RUN_UNDER_WAY while another process has it open.
 */
export function learningJournal(path: string, run: string): LearningJournal & Disposable {
  makeDirectory(dirname(path));
  const lock = lockOf(`${path}.lock`);
  const file = new DatabaseSync(path, { timeout: BUSY_MS });
  file.exec(
    `pragma journal_mode = wal; pragma synchronous = normal;
     create table if not exists learning_notes (run text, key text, value text not null, primary key (run, key)) strict;
     create table if not exists learning_spending (run text primary key, calls integer, input_tokens integer, output_tokens integer) strict`,
  );
  const find = file.prepare("select value from learning_notes where run = ? and key = ?");
  const note = file.prepare("insert or ignore into learning_notes (run, key, value) values (?, ?, ?)");
  const pay = file.prepare(
    `insert into learning_spending (run, calls, input_tokens, output_tokens) values (?, 1, ?, ?)
     on conflict (run) do update set calls = calls + 1, input_tokens = input_tokens + excluded.input_tokens,
       output_tokens = output_tokens + excluded.output_tokens`,
  );
  const spent = file.prepare("select * from learning_spending where run = ?");
  const noted = (key: string) => {
    const row = find.get(run, key);
    return row === undefined ? undefined : String(row.value);
  };
  return {
    noted,
    async once(key, make) {
      const known = noted(key);
      if (known !== undefined) return known;
      const made = await make();
      note.run(run, key, made);
      return made;
    },
    paid({ input, output }) {
      pay.run(run, input, output);
    },
    spent() {
      const { calls = 0, input_tokens = 0, output_tokens = 0 } = { ...spent.get(run) };
      return {
        calls: Number(calls),
        input_tokens: Number(input_tokens),
        output_tokens: Number(output_tokens),
      };
    },
    end() {
      file.prepare("delete from learning_notes where run = ?").run(run);
      file.prepare("delete from learning_spending where run = ?").run(run);
    },
    [Symbol.dispose]() {
      file.close();
      lock.close();
    },
  };
}

/** Two at once would pay for the same answers twice. A lock of SQLite ends with the process, however that ends. */
function lockOf(path: string): DatabaseSync {
  const lock = new DatabaseSync(path);
  try {
    lock.exec("begin exclusive");
    return lock;
  } catch (cause) {
    lock.close();
    throw new HandbookError("RUN_UNDER_WAY", "another `handbook learn` is under way in this data directory", {
      fix: "Give the command again when that has ended",
      cause,
    });
  }
}

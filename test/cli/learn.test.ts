import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { openSqliteLedger } from "../../src/adapters/sql/sqlite-ledger.ts";
import type { Ledger } from "../../src/ports.ts";
import { type Answer, type ChatRequest, startChatServer } from "../chat-server.ts";
import { tempDirectory } from "../ports.ts";
import { canonical, strategist } from "../scripted-strategist.ts";
import { UNDRAWN } from "../undrawn.ts";
import { handbook } from "./handbook.ts";
import { ENTRY } from "./run-handbook.ts";

/** Long enough that an index keeps only some of its words, in a history of several. */
const task = (n: number) =>
  `task ${n}\n${Array.from({ length: 60 }, (_, i) => `w${(n * n * 31 + i * i * 17 + i) % 400}x`).join(" ")}`;
const row = (n: number, more: object = {}) =>
  JSON.stringify({ question: task(n), reasoning: `reasoning ${n}`, output_tokens: 1000 - n, ...more });

/** A fresh home with a corpus beside it: attempts, problems and a row that says nothing. */
function desk(baseUrl?: string) {
  const directory = tempDirectory();
  const home = join(directory.path, "home");
  const corpus = join(directory.path, "corpus");
  mkdirSync(corpus);
  const attempts = Array.from({ length: 20 }, (_, i) => row(i + 1, i % 4 === 0 ? { correct: false } : {}));
  writeFileSync(join(corpus, "a.jsonl"), attempts.join("\n"));
  const problems = [21, 22, 23].map((n) => JSON.stringify({ problem: task(n) }));
  writeFileSync(join(corpus, "b.jsonl"), [...problems, '{"nothing":1}'].join("\n"));
  const environment: Record<string, string> = {
    HANDBOOK_HOME: home,
    ...(baseUrl && { HANDBOOK_MODEL: "m", OPENAI_BASE_URL: baseUrl, HANDBOOK_PRICES: "10,2,0" }),
  };
  return {
    home,
    corpus,
    environment,
    learn: (...args: string[]) => handbook(["learn", corpus, "--yes", ...args], environment),
    async stored<T>(read: (ledger: Ledger) => Promise<T>): Promise<T> {
      const ledger = await openSqliteLedger(join(home, "handbook.sqlite"));
      try {
        return await read(ledger);
      } finally {
        await ledger.close();
      }
    },
    [Symbol.dispose]: directory[Symbol.dispose],
  };
}

describe("without a model", () => {
  test("a dry run tells what is there and what it would cost, and leaves no trace", async () => {
    using at = desk();
    const { code, stdout } = await at.learn("--dry-run", "--budget", "20,000");
    expect(code).toBe(0);
    expect(stdout).toContain("20 traces read: 20 new, 0 known already. 1 refused.\n");
    expect(stdout).toMatch(/b\.jsonl line 4: has no task/);
    expect(stdout).toContain("3 problems without a trace");
    expect(stdout).toContain("Plan: 20 reflections: 5 on failures, 15 on the rest.");
    expect(stdout).toMatch(
      /about \d+ calls within the budget of 20,000 tokens \(2 solutions and 2 reflections\)/,
    );
    expect(existsSync(at.home)).toBe(false);
  });

  test("traces are recorded, and an agent is told what waits for it", async () => {
    using at = desk();
    const { code, stdout } = await at.learn("--handbook", "puzzles");
    expect(code).toBe(0);
    expect(stdout).toContain("without trace_ids on the handbook puzzles");
    expect(stdout).toMatch(/prompts of about [\d,]{6,} tokens in all/);
    expect(stdout).toContain("Its server needs the same HANDBOOK_HOME");
    const { stdout: given } = await handbook(
      ["call", "reflect_and_extract", '{"handbook":"puzzles"}'],
      at.environment,
    );
    expect(JSON.parse(given).prompt).toContain("task 1\n"); // the dearest failure
    expect((await at.learn("--handbook", "puzzles")).stdout).toContain("0 new, 20 known already");
  });

  test("a dry run takes off what is recorded and was looked at, and --handbook is where it goes", async () => {
    await using server = await startChatServer(strategist);
    using at = desk(server.baseUrl);
    writeFileSync(join(at.corpus, "a.jsonl"), [row(1), row(2, { handbook: "other" })].join("\n"));
    expect((await at.learn("--handbook", "puzzles")).code).toBe(0);
    writeFileSync(join(at.corpus, "c.jsonl"), row(4));
    const dry = async (...args: string[]) =>
      JSON.parse((await at.learn("--dry-run", "--json", ...args)).stdout);
    expect(await dry("--handbook", "puzzles")).toMatchObject({
      new: 1,
      known: 2,
      plan: { rest: 1 },
      estimate: { problems: 0, reflections: 1 },
    });
    expect(await dry()).toMatchObject({ new: 3, known: 0 });
  });

  test("--json lists every refusal, and people are told the first of them", async () => {
    using at = desk();
    writeFileSync(join(at.corpus, "c.jsonl"), `${row(1)}\n${"{}\n".repeat(30)}`);
    expect(JSON.parse((await at.learn("--dry-run", "--json")).stdout).refusals).toHaveLength(31);
    expect((await at.learn("--dry-run")).stdout).toContain("  and 11 more; --json lists all\n");
  });

  test("a file that is cut off is refused alone", async () => {
    using at = desk();
    writeFileSync(join(at.corpus, "0.jsonl.gz"), gzipSync(row(1)).subarray(0, 30));
    const { refusals } = JSON.parse((await at.learn("--dry-run", "--json")).stdout);
    expect(refusals.map(({ place }: { place: string }) => place)).toEqual(["the file", "line 4"]);
  });

  test("nothing that can be read is exit code 1", async () => {
    using at = desk();
    expect(await handbook(["learn", join(at.corpus, "*.csv")], at.environment)).toMatchObject({ code: 1 });
  });
});

describe("with a model", () => {
  test("it tells the estimate before and the account after, and again does nothing", async () => {
    await using server = await startChatServer(strategist);
    using at = desk(server.baseUrl);
    const { code, stdout, stderr } = await at.learn();
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /about 49 calls \(3 solutions and 23 reflections\), [\d,]+ tokens in and [\d,]+ out \(\$/,
    );
    expect(stdout).toMatch(
      /^3 problems solved\. 23 reflections: \d+ added, \d+ strengthened, \d+ merged, \d+ revised, \d+ rejected\.\nCost: 49 calls paid, 0 answers from the file, 343 tokens in and 147 out \(\$0\.00\), \d+ tokens for each behavior that is kept\.\n$/,
    );
    expect(server.requests).toHaveLength(49);
    const again = JSON.parse((await at.learn("--json")).stdout);
    expect(again).toMatchObject({ known: 20, learned: { calls: 0, reflections: 0, solved: 3, failed: [] } });
    const told = await handbook(["learn", join(at.corpus, "a.jsonl")], at.environment);
    expect(told.stderr).toContain("Nothing to reflect on: all of it was looked at before.");
    expect(told.stdout).toBe("Nothing was spent.\n");
    expect(server.requests).toHaveLength(49);
  });

  test("without a terminal and without --yes it tells the estimate and spends nothing", async () => {
    await using server = await startChatServer(strategist);
    using at = desk(server.baseUrl);
    const { code, stdout, stderr } = await handbook(["learn", at.corpus], at.environment);
    expect(code).toBe(1);
    expect(stderr).toContain("A model would take about 49 calls");
    expect(stdout).toContain("the same command with --yes goes on from here");
    expect(server.requests).toEqual([]);
  });

  test("a budget in which nothing fits is told as such", async () => {
    await using server = await startChatServer(strategist);
    using at = desk(server.baseUrl);
    const { stdout } = await at.learn("--budget", "300");
    expect(stdout).toMatch(/the budget would not hold them[\s\S]*Give it a larger --budget\.\n$/);
    expect(server.requests).toEqual([]);
  });

  test("what fails is told at the end with exit code 1, and the same command does what is missing", async () => {
    let isSpoilt = true;
    await using server = await startChatServer((asked) =>
      isSpoilt && asked.messages[0]?.content.includes("task 7\n") ? 400 : strategist(asked),
    );
    using at = desk(server.baseUrl);
    const { code, stdout } = await at.learn();
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /22 reflections: [\s\S]*^Failed: the reflection on \w+: the model endpoint failed \(HTTP 400\)/m,
    );
    isSpoilt = false;
    expect(await at.learn()).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^3 problems solved. 1 reflection:/),
    });
  });

  test.skipIf(process.platform === "win32")("who ends it by Ctrl+C is told that it goes on", async () => {
    const asked = Promise.withResolvers<void>();
    await using server = await startChatServer(() => {
      asked.resolve();
      return { hangs: "before" };
    });
    using at = desk(server.baseUrl);
    const child = spawn(process.execPath, [ENTRY, "learn", at.corpus, "--yes"], {
      env: { PATH: process.env.PATH, HANDBOOK_STARTERS: "off", ...UNDRAWN, ...at.environment },
      stdio: ["ignore", "ignore", "pipe"],
    });
    let told = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      told += text;
    });
    await asked.promise;
    child.kill("SIGINT");
    expect(await once(child, "close")).toEqual([130, null]);
    expect(told).toContain("the same command goes on from here");
  });

  test("killed again and again it comes to the end that it would have come to, and pays no answer twice", async () => {
    const answered = new Map<string, number>();
    await using whole = await startChatServer(strategist);
    using uninterrupted = desk(whole.baseUrl);
    expect((await uninterrupted.learn()).code).toBe(0);

    let [answers, silentAfter] = [0, 0];
    let silent = () => {};
    await using flaky = await startChatServer((asked: ChatRequest): Answer => {
      if (answers >= silentAfter) {
        silent();
        return { hangs: "before" };
      }
      answers++;
      const question = JSON.stringify(asked.messages);
      answered.set(question, (answered.get(question) ?? 0) + 1);
      return { text: strategist(asked), delayMs: answers % 4 };
    });
    using killed = desk(flaky.baseUrl);
    for (const [more, concurrency] of [
      [1, 1],
      [9, 3],
      [17, 3],
    ] as const) {
      silentAfter += more;
      // When it waits for as many answers as it asks for at once, it has everything that was answered.
      let waiting = 0;
      const stuck = new Promise<void>((resolve) => {
        silent = () => ++waiting === concurrency && resolve();
      });
      const child = spawn(
        process.execPath,
        [ENTRY, "learn", killed.corpus, "--yes", "--concurrency", `${concurrency}`],
        {
          env: { PATH: process.env.PATH, HANDBOOK_STARTERS: "off", ...UNDRAWN, ...killed.environment },
          stdio: "ignore",
        },
      );
      await stuck;
      child.kill("SIGKILL");
      await once(child, "close");
    }
    silentAfter = Number.POSITIVE_INFINITY;
    const { code, stdout } = await killed.learn("--concurrency", "3", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout).learned).toMatchObject({ calls: 49, reflections: 23, solved: 3 });
    expect([...answered.values()].filter((times) => times > 1)).toEqual([]);
    expect(answered.size).toBe(49);
    expect(await killed.stored(canonical)).toEqual(await uninterrupted.stored(canonical));
  });
});

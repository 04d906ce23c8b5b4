import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Answer, type ChatRequest, type ChatServer, startChatServer } from "../chat-server.ts";
import { chromium } from "../chromium.ts";
import { tempDirectory } from "../ports.ts";
import { HANDBOOK_FILE, PROBLEMS, problemRows, student } from "../scripted-student.ts";
import { UNDRAWN } from "../undrawn.ts";
import { handbook } from "./handbook.ts";
import { ENTRY } from "./run-handbook.ts";

const HOOK_MS = 60_000; // on a busy machine

let template: ReturnType<typeof tempDirectory>;
beforeAll(async () => {
  template = tempDirectory();
  const path = join(template.path, "handbook.json");
  writeFileSync(path, JSON.stringify(HANDBOOK_FILE, null, 2));
  const { code, stderr } = await handbook(["import", path], { HANDBOOK_HOME: join(template.path, "home") });
  expect(code, stderr).toBe(0);
}, HOOK_MS);
afterAll(() => template[Symbol.dispose]());

/** A data directory with the handbook, a file of problems, and a model server. */
async function bench(
  answer: (asked: ChatRequest) => Answer = student,
  rows = problemRows().map((row) => JSON.stringify(row)),
) {
  const directory = tempDirectory();
  const server: ChatServer = await startChatServer(answer);
  const file = (name: string) => join(directory.path, name);
  cpSync(join(template.path, "home"), file("home"), { recursive: true });
  writeFileSync(file("problems.jsonl"), rows.join("\n"));
  const env = (home = "home"): Record<string, string> => ({
    HANDBOOK_HOME: file(home),
    OPENAI_BASE_URL: server.baseUrl,
    HANDBOOK_MODEL: "m",
    HANDBOOK_PRICES: "10,1,0.1",
    HANDBOOK_HOLDOUT: "0.5", // nothing of it may reach an evaluation
  });
  return {
    server,
    file,
    env,
    evaluate: (...args: string[]) => handbook(["evaluate", file("problems.jsonl"), ...args], env()),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      directory[Symbol.dispose]();
    },
  };
}

const ALL = "plain,behaviors,critique-revise,self-improve,plain-sft,behavior-sft";
const mean = (tokens: (k: number) => number) =>
  Array.from({ length: PROBLEMS }, (_, i) => tokens(i + 1)).reduce((a, b) => a + b, 0) / PROBLEMS;

describe("of a student of whom all is known", () => {
  let at: Awaited<ReturnType<typeof bench>>;
  let result: { cells: Record<string, unknown>[]; failures: unknown[]; served: number };
  beforeAll(async () => {
    at = await bench();
    const { code, stdout, stderr } = await at.evaluate(
      ...["--arms", ALL, "--budgets", "2000,4000", "--sft-model", "plain=m", "--sft-model", "behavior=tuned"],
      ...[
        "--attempts",
        "2",
        "--seeds",
        "2",
        "--json",
        "--html",
        at.file("page.html"),
        "--jsonl",
        at.file("rows.jsonl"),
      ],
    );
    expect(code, stderr).toBe(0);
    const [, most = "0"] = /attempts, at most ([\d,]+) requests/.exec(stderr) ?? [];
    expect(at.server.requests.length).toBeLessThanOrEqual(Number(most.replaceAll(",", "")));
    result = JSON.parse(stdout);
  }, HOOK_MS);
  afterAll(() => at[Symbol.asyncDispose]());

  test("accuracy and tokens of each arm are what it took", () => {
    const cell = (arm: string, budget: number) =>
      result.cells.find((one) => one.arm === arm && one.budget === budget);
    const plain = (budget: number) => (k: number) => Math.min(1000 * k, budget);
    const skilled = (budget: number) => (k: number) => Math.min(500 * k, budget);
    for (const [budget, right] of [
      [2000, { plain: 2, skilled: 4, critique: 4 }],
      [4000, { plain: 4, skilled: 8, critique: 8 }],
    ] as const) {
      const figures = (n: number, last: (k: number) => number, all: (k: number) => number) => ({
        problems: PROBLEMS,
        answers: 2 * PROBLEMS,
        missing: 0,
        accuracy: { mean: n / PROBLEMS },
        output_tokens: mean(last),
        all_output_tokens: mean(all),
      });
      const [p, s] = [plain(budget), skilled(budget)];
      expect(cell("plain", budget)).toMatchObject(figures(right.plain, p, p));
      expect(cell("plain-sft", budget)).toMatchObject(figures(right.plain, p, p));
      expect(cell("behaviors", budget)).toMatchObject(figures(right.skilled, s, s));
      expect(cell("behavior-sft", budget)).toMatchObject(figures(right.skilled, s, s));
      expect(cell("critique-revise", budget)).toMatchObject(
        figures(
          right.critique,
          () => 300,
          (k) => p(k) + 300,
        ),
      );
      expect(cell("self-improve", budget)).toMatchObject(
        figures(right.skilled, s, (k) => 2 * (p(k) + 100) + s(k)),
      );
    }
    // 150 tokens in and a mean of 1,625 out, at 1 and 10 a million; plainly 100 and 1,875.
    const behaviors = cell("behaviors", 2000);
    expect(behaviors?.cost).toBeCloseTo((150 + 16_250) / 1e6, 10);
    expect(behaviors?.against).toMatchObject([
      {
        arm: "plain",
        problems: PROBLEMS,
        accuracy: { mean: 0.25, low: expect.any(Number) },
        output_ratio: { mean: 1625 / 1875 },
        saved: { mean: expect.closeTo((100 + 18_750 - 150 - 16_250) / 1e6, 10) },
      },
    ]);
    expect(cell("self-improve", 4000)).toMatchObject({
      against: [{ arm: "plain" }, { arm: "critique-revise", accuracy: { mean: 0 } }],
    });
    expect(result).toMatchObject({ failures: [], served: 1, are_example_prices: false });
  });

  test("nothing is paid twice: the first attempts of three arms are the same, and a second run asks nothing", async () => {
    const asked = new Set(at.server.requests.map((request) => JSON.stringify(request)));
    expect(at.server.requests).toHaveLength(asked.size);
    const again = await at.evaluate("--arms", "plain,behaviors", "--budgets", "2000,4000", "--seeds", "2");
    expect(again.code).toBe(0);
    expect(again.stderr).toMatch(/64 answers were on file, from this run or an earlier one/);
    expect(at.server.requests).toHaveLength(asked.size);
    expect(again.stdout).toMatch(/\| 2,000 +\| behaviors +\| +50\.0 % \|/);
    expect(again.stdout).toMatch(/\| behaviors +\| plain +\| +\+25\.0 \([^)]+\) \| +0\.87 × \(/);
    expect(again.stdout).toMatch(/fewer than 30 problems/);
  });

  test("the ledger has not heard of it", () => {
    const rows = (home: string) => {
      using ledger = new DatabaseSync(join(home, "handbook.sqlite"), { readOnly: true });
      const tables = ledger.prepare("select name from sqlite_master where type = 'table'").all();
      return tables.map(({ name }) =>
        ledger.prepare(`select '${name}' as name, count(*) as n from "${name}"`).get(),
      );
    };
    expect(rows(at.file("home"))).toEqual(rows(join(template.path, "home")));
  });

  test("every attempt is a row, in the order of the file", () => {
    const rows = readFileSync(at.file("rows.jsonl"), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(rows).toHaveLength(PROBLEMS * 2 * 2 * 6);
    expect(rows[0]).toEqual({
      problem: "p1",
      arm: "plain",
      budget: 2000,
      seed: 1,
      topic: "algebra",
      is_right: true,
      answer: "101",
      is_cut: false,
      last: { input: 100, cached: 0, output: 1000 },
      all: { input: 100, cached: 0, output: 1000 },
      tokens_counted_by: "endpoint",
      behaviors: [],
      text: "Adding up, \\boxed{101}.",
      reasoning: "Hm.",
    });
    expect(rows[1].behaviors).toEqual(["default/behavior_sum_of_squares"]);
    expect(rows.at(-1)).toMatchObject({ problem: "p8", arm: "behavior-sft", budget: 4000, seed: 2 });
  });

  test("the page has the paper's plot and needs neither script nor network", () => {
    const page = readFileSync(at.file("page.html"), "utf8");
    expect(page.match(/<svg role="img" aria-label="[^"]{20,}"/g)).toHaveLength(3);
    expect(page).not.toMatch(/<script|<link|<img|url\(|@import|\bsrc=|NaN|undefined/);
  });

  test.skipIf(chromium === undefined)("a browser shows it", () => {
    const shot = at.file("page.png");
    const { status, stderr } = spawnSync(chromium ?? "", [
      ...["--headless", "--no-sandbox", "--disable-gpu", `--screenshot=${shot}`, "--window-size=1000,1600"],
      `file://${at.file("page.html")}`,
    ]);
    expect(status, String(stderr)).toBe(0);
    expect(existsSync(shot)).toBe(true);
  });
});

test("killed in the middle and started again, it ends as if it had not been, and pays for no kept answer again", async () => {
  await using at = await bench((asked) => ({ ...(student(asked) as object), delayMs: 15 }));
  cpSync(at.file("home"), at.file("other"), { recursive: true });
  const args = ["--arms", "plain,behaviors,self-improve", "--attempts", "2", "--budgets", "4000", "--json"];
  const concurrency = 2;
  const command = [
    ENTRY,
    "evaluate",
    at.file("problems.jsonl"),
    ...args,
    "--concurrency",
    String(concurrency),
  ];
  const child = spawn(process.execPath, [...command, "--jsonl", at.file("killed.jsonl")], {
    env: { PATH: process.env.PATH, ...UNDRAWN, HANDBOOK_STARTERS: "off", ...at.env() },
    stdio: "ignore",
  });
  while (at.server.requests.length < 25) await new Promise((resolve) => setTimeout(resolve, 5));
  child.kill("SIGKILL");
  await once(child, "close");
  expect(existsSync(at.file("killed.jsonl"))).toBe(false);

  const resumed = await at.evaluate(...args, "--jsonl", at.file("resumed.jsonl"));
  expect(resumed.code, resumed.stderr).toBe(0);
  const paid = at.server.requests.length;
  const distinct = new Set(at.server.requests.map((request) => JSON.stringify(request))).size;
  // What was on its way when the process died is asked again; nobody had its answer.
  expect(paid - distinct).toBeLessThanOrEqual(concurrency);

  const whole = await handbook(
    ["evaluate", at.file("problems.jsonl"), ...args, "--jsonl", at.file("whole.jsonl")],
    at.env("other"),
  );
  expect(resumed.stdout).toBe(whole.stdout);
  expect(readFileSync(at.file("resumed.jsonl"), "utf8")).toBe(readFileSync(at.file("whole.jsonl"), "utf8"));
  expect(at.server.requests.length - paid).toBe(distinct);
}, 60_000);

test("an endpoint that stumbles is asked again; what fails for good is missing, never wrong", async () => {
  const seen = new Map<string, number>();
  await using at = await bench((asked) => {
    const k = Number(/squares of (\d+)/.exec(asked.messages[0]?.content ?? "")?.[1]);
    const key = JSON.stringify(asked);
    seen.set(key, (seen.get(key) ?? 0) + 1);
    const isFirst = seen.get(key) === 1;
    if (k === 1 && isFirst) return { status: 429 };
    if (k === 2 && isFirst) return { status: 500 };
    if (k === 3 && isFirst) return { cut: "json", text: "half" };
    if (k === 4 && isFirst) return { cut: "connection", text: "half" };
    if (k === 5 && isFirst) return { hangs: "before" };
    if (k === 6) return 400;
    if (k === 7) return { text: "", usage: { prompt_tokens: 1, completion_tokens: 0 } };
    return student(asked);
  });
  const { code, stdout, stderr } = await at.evaluate("--arms", "plain", "--timeout", "1", "--json");
  const { cells, failures } = JSON.parse(stdout);
  expect(code, stderr).toBe(1);
  expect(cells).toMatchObject([{ answers: 6, missing: 2, problems: 6, accuracy: { mean: 1 } }]);
  expect(failures).toMatchObject(
    [
      { problem: "p6", arm: "plain", seed: 1, failure: { code: "LLM_UNAVAILABLE", message: /400/ } },
      { problem: "p7", failure: { code: "LLM_BAD_OUTPUT" } },
    ].map((failure) => ({ ...failure, failure: { ...failure.failure, message: expect.any(String) } })),
  );
}, 60_000);

test("reflections that cannot be read teach nothing; tokens that are told as 0 are counted here", async () => {
  await using at = await bench((asked) => {
    const isExtraction = asked.messages.length > 1;
    return isExtraction
      ? { text: "Sorry.", usage: { prompt_tokens: 0, completion_tokens: 0 } }
      : student(asked);
  });
  const { code, stdout, stderr } = await at.evaluate(
    ...["--arms", "plain,self-improve", "--attempts", "1", "--json", "--jsonl", at.file("rows.jsonl")],
  );
  expect(code, stderr).toBe(0);
  expect(JSON.parse(stdout).cells).toMatchObject([{ answers: 8 }, { answers: 8, missing: 0 }]);
  const [, improved] = readFileSync(at.file("rows.jsonl"), "utf8")
    .split("\n", 2)
    .map((line) => JSON.parse(line));
  expect(improved).toMatchObject({ arm: "self-improve", tokens_counted_by: "server", behaviors: [] });
  expect(improved.all.output).toBeGreaterThan(1000 + 50 + 1000); // first attempt, reflection, extraction, answer
});

test("an endpoint that is gone is given up soon", async () => {
  await using at = await bench(
    () => 503,
    Array.from({ length: 60 }, (_, i) => JSON.stringify({ task: `What is ${i}?`, answer: i })),
  );
  const { code, stdout } = await at.evaluate("--arms", "plain", "--json");
  expect(code).toBe(1);
  expect(at.server.requests.length).toBeLessThan(40);
  expect(JSON.parse(stdout)).toMatchObject({
    failures: { length: 60 },
    cells: [{ answers: 0, missing: 60 }],
  });
});

test("what is wrong with the file or the command is said before anything is paid", async () => {
  const rows = [
    '{"task": "What is 1 + 1?", "answer": 2}',
    "no json",
    '{"task": "?"}',
    '{"answer": 3}',
    "[]",
    '{"task": "a", "answer": 1, "choices": ["x"]}',
  ];
  await using at = await bench(() => "\\boxed{2}", rows);
  const { code, stdout, stderr } = await at.evaluate("--arms", "plain");
  expect(code).toBe(1);
  expect(stdout).toMatch(/\| 8,192 +\| plain +\| +100\.0 % /);
  expect(stderr).toMatch(
    /line 2: is not JSON\nline 3: has no answer.*\nline 4: has no text as problem.*\nline 5: is not an object\nline 6: its choices/,
  );
  expect(at.server.requests).toHaveLength(1);

  const refused = async (...args: string[]) => (await at.evaluate(...args)).stderr;
  expect(await refused("--arms", "plain,clever")).toMatch(/There is no arm "clever"/);
  expect(await refused("--arms", "behavior-sft")).toMatch(/--sft-model behavior=<model>/);
  expect(await refused("--check", "command")).toMatch(/--command belong together/);
  expect(await refused("--handbook", "nowhere")).toMatch(/UNKNOWN_HANDBOOK/);
  expect(await refused("--html", join(at.file("no"), "x.html"))).toMatch(/cannot write/);
  expect(await refused("--jsonl", at.file("problems.jsonl"))).toMatch(/problems.jsonl is named twice/);
  writeFileSync(at.file("problems.jsonl"), gzipSync("[]\n"));
  expect(await refused()).toMatch(/BAD_FILE: .* holds no problem: line 1 is not an object/);
  expect(at.server.requests).toHaveLength(1);
  writeFileSync(at.file("problems.jsonl"), "");
  expect(await refused()).toMatch(/BAD_FILE: .* is empty. It takes JSONL/);
  const { stderr: none } = await handbook(["evaluate", at.file("problems.jsonl")], {
    HANDBOOK_HOME: at.file("home"),
  });
  expect(none).toMatch(/NO_MODEL: there is no model to evaluate with/);
});

test("options, and a checker of one's own", async () => {
  const rows = [
    '{"question": "Capital of France?", "choices": ["Rome", "Paris"], "answer": 1}',
    '{"question": "Say it.", "answer": "anything"}',
  ];
  await using at = await bench(
    ({ messages }) => (/A\. Rome\nB\. Paris/.test(messages[0]?.content ?? "") ? "\\boxed{B}" : "No."),
    rows,
  );
  expect((await at.evaluate("--arms", "plain")).stdout).toMatch(/\| +50\.0 %/);
  const { stdout } = await at.evaluate("--arms", "plain", "--check", "command", "--command", "exit 0");
  expect(stdout).toMatch(/\| +100\.0 %/);
  const failing = await at.evaluate("--arms", "plain", "--check", "command", "--command", "exit 7");
  expect(failing.code).toBe(1);
  expect(failing.stdout).toMatch(/CHECK_FAILED: the checking command ended with 7/);
});

test("problems that the handbook was learned from are counted, before anything is paid and in the result", async () => {
  await using at = await bench();
  const traces = [
    { task: "Please find the sum of the squares of 3 and 10.", reasoning: "9 + 100", handbook: "default" },
    { task: "Find the sum of the squares of 4 and 10.", reasoning: "16 + 100", handbook: "another" },
  ];
  writeFileSync(at.file("traces.jsonl"), traces.map((trace) => JSON.stringify(trace)).join("\n"));
  expect((await handbook(["import", at.file("traces.jsonl")], at.env())).code).toBe(0);
  const { stdout, stderr } = await at.evaluate();
  expect(stderr).toMatch(/^warning: 1 of the 8 problems stands in the handbook's own traces/);
  expect(stdout).toMatch(/1 of the 8 problems stands in the handbook's own traces/);
  const { known_problems } = JSON.parse((await at.evaluate("--json")).stdout);
  expect(known_problems).toBe(1);
  expect((await at.evaluate("--arms", "plain")).stdout).not.toMatch(/own traces/);
});

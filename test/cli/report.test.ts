import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { plantTasks } from "../../bench/drawn-ledger.ts";
import { openSqliteLedger } from "../../src/adapters/sql/sqlite-ledger.ts";
import { escaped } from "../../src/cli/page-parts.ts";
import { written } from "../../src/cli/report-csv.ts";
import { chromium } from "../chromium.ts";
import { tempDirectory } from "../ports.ts";
import { builtHandbook, handbook } from "./handbook.ts";

const UNTIL = "2026-11-21T00:00:00Z";
const TASKS = 2000;
const DRAWN = { HANDBOOK_HOLDOUT: "0.1", HANDBOOK_WITHHOLD: "0.1" };

/** A data directory with planted tasks, gone after the test. */
async function planted(given: Parameters<typeof plantTasks>[1]) {
  const directory = tempDirectory();
  const ledger = await openSqliteLedger(join(directory.path, "handbook.sqlite"));
  await plantTasks(ledger, given);
  await ledger.close();
  return directory;
}

const reportBy =
  (run: typeof handbook) =>
  (home: string, ...args: string[]) =>
    run(["report", "--until", UNTIL, ...args], { HANDBOOK_HOME: home, ...DRAWN });
const report = reportBy(handbook);

describe.concurrent("before there is enough,", () => {
  test("an empty handbook is told as one", async () => {
    using home = tempDirectory();
    const { code, stdout, stderr } = await report(home.path);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/Tokens +nothing to tell yet: no task has been drawn yet/);
    expect(stdout).toMatch(/Trust +nothing to trust yet: No task has settled yet/);
    expect(stdout).toMatch(/Account +nothing to reckon yet/);
  });

  test("a few tasks say how many more it takes", async () => {
    using home = await planted({ episodes: 50 });
    const { stdout } = await report(home.path);
    expect(stdout).toMatch(/Tokens +not enough data yet: about \d+ more tasks at this rate/);
    expect(stdout).toMatch(/\| everything that fits +\| +\d+ \|/);
    expect(stdout).toMatch(/observational, not causal/);
    expect(stdout).toMatch(/handbook init\s+claude-code/);
    expect(stdout).toMatch(/HANDBOOK_HOLDOUT=0/);
  });
});

describe("of many tasks with a planted effect", () => {
  let home: ReturnType<typeof tempDirectory>;
  let json: string;
  const file = (name: string) => join(home.path, name);
  const read = (name: string) => readFileSync(file(name), "utf8");
  const inEveryForm = async (name: string, by = report) =>
    (await by(home.path, "--json", "--html", file(`${name}.html`), "--csv", file(`${name}.csv`))).stdout;
  beforeAll(async () => {
    home = await planted({ episodes: TASKS, ratio: 0.5, success: 0.3 });
    json = await inEveryForm("first");
  });
  afterAll(() => home[Symbol.dispose]());

  test("the effect is found, and its worth is reckoned in one's own prices", async () => {
    const { stdout } = await report(home.path);
    expect(stdout).toMatch(/Tokens +\d+ % fewer output tokens with the handbook: 0\.\d\d × \(95 % interval/);
    expect(stdout).toMatch(/Success, tested +more success with the handbook: \+\d+\.\d percentage points/);
    expect(stdout).toMatch(/Trust +trustworthy/);
    expect(stdout.split("\n").length).toBeLessThan(45);
    const dear = await handbook(["report", "--json", "--until", UNTIL], {
      HANDBOOK_HOME: home.path,
      HANDBOOK_PRICES: "150, 3, 0.3",
    });
    const { account, lift, sentences } = JSON.parse(dear.stdout);
    expect(account).toMatchObject({
      prices: { output: 150, input: 3, cached: 0.3 },
      net: { low: expect.any(Number) },
    });
    expect(account.net.low).toBeGreaterThan(0);
    expect(sentences.account).toMatch(/^saves \$\d+\.\d+ a served task/);
    expect(lift.handbook.token_ratio.low).toBeLessThan(0.5);
    expect(lift.handbook.token_ratio.high).toBeGreaterThan(0.5);
  });

  test("the tool tells an agent the same", async () => {
    const told = await handbook(["call", "handbook_report"], { HANDBOOK_HOME: home.path });
    const { tokens, trustworthy } = JSON.parse(json).sentences;
    expect(JSON.parse(told.stdout).lift).toMatchObject({ tokens, trustworthy });
  });

  test("the same ledger and the same until give the same bytes, in every form", async () => {
    expect(await inEveryForm("again", reportBy(builtHandbook))).toBe(json);
    for (const form of ["html", "csv"]) expect(read(`again.${form}`) === read(`first.${form}`)).toBe(true);
  });

  test("the page has plots, and needs neither script nor network", () => {
    const page = read("first.html");
    expect(page.match(/<svg role="img" aria-label="[^"]{20,}"/g)?.length).toBeGreaterThanOrEqual(5);
    expect(page).not.toMatch(/<script|<link|<img|url\(|@import|\bsrc=/);
    expect(
      [...page.matchAll(/https?:\/\/[^"\s]+/g)].filter(([url]) => !url.startsWith("http://www.w3.org/")),
    ).toEqual([]);
  });

  test("the page prints no table of unknowns, no bare heading and no backtick", async () => {
    expect(read("first.html")).not.toContain("`");
    expect(read("first.html")).toContain("<h2>Over time</h2>");
    using few = await planted({ episodes: 30 });
    const path = join(few.path, "few.html");
    await report(few.path, "--html", path);
    const page = readFileSync(path, "utf8");
    const each = page.slice(page.indexOf("One behavior at a time"), page.indexOf("<h2>Citations"));
    expect(each).not.toContain("<table");
    expect(each).toMatch(/Not enough data yet: \d+ behaviors\./);
    expect(page).toContain("<code>handbook init claude-code</code>");
    expect(page.match(/<h2>[^<]*<\/h2>\s*<\/section>/)).toBeNull();
  });

  test("a task is called a task", async () => {
    const { stdout } = await report(home.path);
    expect(`${stdout} ${read("first.html").replace(/<svg.*?<\/svg>/gs, "")}`).not.toMatch(/episode|draws?\b/);
  });

  test("the rows of --csv are the tasks", () => {
    const [head = [], ...rows] = parseCsv(read("first.csv"));
    expect(rows).toHaveLength(TASKS);
    expect(rows.every((row) => row.length === head.length)).toBe(true);
    const documented = readFileSync(join(import.meta.dirname, "../../docs/measuring.md"), "utf8");
    for (const column of head) expect(documented).toContain(`\`${column}\``);
    const column = (name: string) => rows.map((row) => row[head.indexOf(name)] ?? "");
    const { counts } = JSON.parse(json).lift;
    expect(column("arm").filter((arm) => arm === "control")).toHaveLength(counts.control);
    expect(column("output_tokens").filter((tokens) => Number(tokens) > 0)).toHaveLength(counts.with_tokens);
    expect(column("candidates")[0]?.split(" ")).toHaveLength(8);
  });

  test("--since leaves earlier tasks out", async () => {
    const { stdout } = await report(home.path, "--json", "--since", "2026-10-01");
    const { since, lift } = JSON.parse(stdout);
    expect(since).toBe("2026-10-01T00:00:00.000Z");
    expect(lift.counts.episodes).toBeGreaterThan(100);
    expect(lift.counts.episodes).toBeLessThan(TASKS);
  });

  test("--until leaves later tasks out, of everything that is counted", async () => {
    const { stdout } = await report(home.path, "--json", "--until", "2026-10-01T02:00:00+02:00");
    const { until, lift, counts, usage, most_cited } = JSON.parse(stdout);
    expect(until).toBe("2026-10-01T00:00:00.000Z");
    const all = JSON.parse(json);
    expect(lift.counts.episodes).toBeGreaterThan(100);
    // Those of the last day are asked and not settled.
    expect(counts.rates.episodes - lift.counts.episodes).toBeLessThan(30);
    expect(counts.rates.returned).toBeLessThan(counts.rates.episodes);
    expect(counts.report_tokens).toBe(300 * counts.rates.recorded);
    for (const name of ["served", "cited"] as const)
      expect(sum(usage, name) / sum(all.usage, name)).toBeCloseTo(
        counts.rates.episodes / all.counts.rates.episodes,
        1,
      );
    expect(sum(most_cited, "cited")).toBeLessThan(sum(all.most_cited, "cited"));
  });

  test.skipIf(chromium === undefined)(
    "a browser shows the page (skipped where no Chromium is found)",
    async () => {
      const browse = (...args: string[]) =>
        spawnSync(
          chromium ?? "",
          [
            "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync".split(" "),
            [
              "--disable-background-networking",
              "--disable-component-update",
              `--user-data-dir=${file("profile")}`,
            ],
            [...args, `file://${file("first.html")}`],
          ].flat(),
          { encoding: "utf8", timeout: 30_000 },
        );
      const dom = browse("--dump-dom").stdout;
      expect(dom).toContain("fewer output tokens with the handbook");
      expect(dom.match(/<svg/g)?.length).toBeGreaterThanOrEqual(5);
      browse(`--screenshot=${file("shown.png")}`, "--window-size=1000,1600");
      // A blank page of this size is 5 KB: what is drawn does not compress so well.
      expect(readFileSync(file("shown.png")).length).toBeGreaterThan(40_000);
    },
    30_000,
  );
});

describe.concurrent("called wrongly,", () => {
  test("it names the handbooks that there are", async () => {
    using home = tempDirectory();
    const { code, stderr } = await report(home.path, "--handbook", "nope");
    expect(code).toBe(1);
    expect(stderr).toMatch(/UNKNOWN_HANDBOOK.*default/);
  });

  test("it says what a date is", async () => {
    using home = tempDirectory();
    const { code, stderr } = await report(home.path, "--since", "yesterday");
    expect(code).toBe(2);
    expect(stderr).toMatch(/--since.*'yesterday'.*2026-11-01/);
  });

  test.each(["2026-02-31", "2026-11-01T10:00:00", "2026-11-01 or so"])(
    "%s, which is no day or lies elsewhere in another time zone, is no date",
    async (since) => {
      using home = tempDirectory();
      const { code, stderr } = await report(home.path, "--since", since);
      expect(code).toBe(2);
      expect(stderr).toMatch(/a time with its offset, 2026-11-01T10:00:00Z/);
    },
  );

  test("a time that ends before it begins is refused", async () => {
    using home = tempDirectory();
    const { code, stdout, stderr } = await report(home.path, "--since", "2026-11-22");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/INVALID_INPUT: since \(2026-11-22T.*later than until \(2026-11-21T/);
  });

  test("it says what prices are", async () => {
    const { code, stderr } = await handbook(["report"], { HANDBOOK_PRICES: "15,3" });
    expect(code).toBe(1);
    expect(stderr).toMatch(/BAD_CONFIG: HANDBOOK_PRICES.*15,3,0\.3/);
  });

  test("a file that cannot be written is told, and nothing is left half-written", async () => {
    using home = tempDirectory();
    const folder = join(home.path, "folder");
    mkdirSync(folder);
    const calls = [
      ["--html", join(home.path, "no-such", "out.html")],
      ["--csv", folder],
      ["--html", "/dev/null"],
    ] as const;
    await Promise.all(
      calls.map(async ([option, path]) => {
        const { code, stdout, stderr } = await report(home.path, option, path);
        expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
        expect(stderr).toContain(`BAD_FILE: cannot write ${path}`);
      }),
    );
    expect(readdirSync(folder)).toEqual([]);
    expect(readdirSync(home.path).filter((name) => name.endsWith(".part"))).toEqual([]);
  });

  test("of two files, neither is written where one cannot be", async () => {
    using home = tempDirectory();
    const [good, bad] = [join(home.path, "good"), join(home.path, "no-such", "x.html")];
    const { code, stderr } = await report(home.path, "--csv", good, "--html", bad);
    expect(code).toBe(1);
    expect(stderr).toContain(`BAD_FILE: cannot write ${bad}`);
    const same = await report(home.path, "--csv", good, "--html", good);
    expect(same.stderr).toContain(`BAD_FILE: ${good} is named twice`);
    expect(readdirSync(home.path).filter((name) => /good|part/.test(name))).toEqual([]);
  });

  test("a probability that is none is told with its range", async () => {
    const { code, stderr } = await handbook(["report"], { HANDBOOK_HOLDOUT: "2" });
    expect(code).toBe(1);
    expect(stderr).toMatch(/BAD_CONFIG: HANDBOOK_HOLDOUT.*0 to 0\.5/);
  });

  test("a file that was there stays until the new one is whole", async () => {
    using home = tempDirectory();
    const path = join(home.path, "out.html");
    writeFileSync(path, "old");
    expect((await report(home.path, "--html", path)).code).toBe(0);
    expect(readFileSync(path, "utf8")).toMatch(/^<!doctype html>[\s\S]*<\/html>\n$/);
  });
});

test("a name that is markup stays text on the page", async () => {
  using home = await planted({
    episodes: 60,
    behaviors: 9,
    name: (i) => `behavior_<img src=x onerror="alert(${i})">'&`,
  });
  const path = join(home.path, "out.html");
  await report(home.path, "--html", path);
  const page = readFileSync(path, "utf8");
  expect(page).toContain("behavior_&lt;img src=x");
  expect(page).not.toContain("<img");
});

test("what is written into a page is text, never markup", () => {
  expect(escaped(`<b a="x" c='y'>&amp;</b>`)).toBe(
    "&lt;b a=&quot;x&quot; c=&#39;y&#39;&gt;&amp;amp;&lt;/b&gt;",
  );
});

test("a spreadsheet takes no cell for a formula", () => {
  expect(["=1+1", "+1", "-1", "@x", "a,b", 'a"b', -1.5, true, undefined].map(written)).toEqual([
    "'=1+1",
    "'+1",
    "'-1",
    "'@x",
    '"a,b"',
    '"a""b"',
    "-1.5",
    "1",
    "",
  ]);
});

function sum(rows: Record<string, number>[], column: string): number {
  return rows.reduce((all, row) => all + (row[column] ?? 0), 0);
}

/** RFC 4180, as a reader of its own. */
function parseCsv(text: string): string[][] {
  expect(text.endsWith("\r\n")).toBe(true);
  return text
    .slice(0, -2)
    .split("\r\n")
    .map((line) =>
      [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
        ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? "",
      ),
    );
}

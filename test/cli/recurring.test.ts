import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { tempDirectory } from "../ports.ts";
import { builtHandbook, handbook } from "./handbook.ts";

const row = (n: number) =>
  JSON.stringify({
    problem: `Problem ${n}`,
    reasoning: `Okay. Subtract ${n} from both sides: <b>$x = ${n}$</b>. Let me think again.`,
    correct: n > 1,
  });
const ROWS = [row(1), row(2), '{"problem": "no reasoning"}', row(3)].join("\n");

/** A fresh home, and files beside it. */
function desk() {
  const directory = tempDirectory();
  const at = (name: string) => join(directory.path, name);
  const run = (...args: string[]) => handbook(args, { HANDBOOK_HOME: at("home") });
  return { at, run, [Symbol.dispose]: directory[Symbol.dispose] };
}

describe.concurrent("handbook recurring", () => {
  test("tells the steps of files, stores none of them, and lists what it could not read", async () => {
    using files = desk();
    const path = files.at("traces.jsonl.gz");
    writeFileSync(path, gzipSync(ROWS));
    const missing = files.at("missing.jsonl");
    const { code, stdout, stderr } = await files.run("recurring", path, missing);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^3 traces of 3 problems, 3 procedural steps: 1 step came back across problems\./);
    expect(stdout).toMatch(/tokens at stake +\| problems +\| occurrences/);
    expect(stdout).toMatch(/\| +3 +\| +3 +\| +\d+ +\| +\| Subtract 1 from both sides +\|/);
    expect(stderr).toMatch(`${path}: line 3: has no reasoning`);
    expect(stderr).toMatch(`${missing}: the file: there is no such file`);
    const none = await builtHandbook(["recurring", "--handbook", "algebra"], {
      HANDBOOK_HOME: files.at("home"),
    });
    expect(none.stderr).toMatch('there is no handbook "algebra"');
  });

  test("tells the recorded ones, and draws a page and a plot", async () => {
    using files = desk();
    writeFileSync(files.at("traces.jsonl"), ROWS);
    await files.run("import", files.at("traces.jsonl"), "--handbook", "algebra");
    const [html, svg] = [files.at("steps.html"), files.at("steps.svg")];
    const { code, stdout, stderr } = await files.run(
      ...["recurring", "--handbook", "algebra", "--json", "--html", html, "--svg", svg],
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: `Wrote ${html}\nWrote ${svg}\n` });
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({ traces: 3, problems: 3, share: 1, refused: [] });
    expect(report.groups).toMatchObject([
      {
        problems: 3,
        occurrences: 3,
        actions: ["subtract"],
        outcomes: { success: 2, failure: 1, unknown: 0 },
      },
    ]);
    expect(readFileSync(svg, "utf8")).toMatch(/^<svg [\s\S]*Subtract 1 from both sides[\s\S]*in 3 problems/);
    const page = readFileSync(html, "utf8");
    expect(page).toMatch(/<h1>Steps that come back<\/h1>[\s\S]*<svg role="img"/);
    expect(page).toContain("&lt;b&gt;$x = 1$");
    expect(page).not.toContain("<b>");
  });

  test("says so when nothing came back, or nothing could be read", async () => {
    using files = desk();
    writeFileSync(files.at("one.jsonl"), row(1));
    const html = files.at("steps.html");
    const one = await files.run("recurring", files.at("one.jsonl"), "--html", html);
    expect(one).toMatchObject({ code: 0 });
    expect(one.stdout).toMatch(/0 steps came back/);
    expect(existsSync(html)).toBe(true);
    expect(await files.run("recurring", files.at("missing.jsonl"))).toMatchObject({ code: 1 });
    const wrong = await files.run("recurring", "--most", "none");
    expect(wrong).toMatchObject({ code: 2 });
    expect(wrong.stderr).toMatch("It takes a whole number");
  });
});

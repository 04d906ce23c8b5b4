import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, test } from "vitest";
import { openSqliteLedger } from "../../src/adapters/sql/sqlite-ledger.ts";
import { checkDirectory } from "../../src/cli/doctor-directory.ts";
import { checkModel } from "../../src/cli/doctor-model.ts";
import { recordTrace } from "../../src/lifecycle/record.ts";
import { startChatServer } from "../chat-server.ts";
import { tempDirectory, testPorts } from "../ports.ts";
import { builtHandbook, handbook } from "./handbook.ts";

async function doctor(home: string, environment: Record<string, string> = {}) {
  const { code, stdout, stderr } = await handbook(["doctor", "--json"], {
    HANDBOOK_HOME: home,
    ...environment,
  });
  expect(stderr).toBe("");
  const { ok, checks } = JSON.parse(stdout) as {
    ok: boolean;
    checks: { check: string; status: string; message: string; fix?: string }[];
  };
  expect(code).toBe(ok ? 0 : 1);
  for (const { status, message, fix } of checks) {
    expect(message).not.toBe("");
    expect(fix !== undefined).toBe(status === "failed");
  }
  return Object.fromEntries(checks.map(({ check, ...finding }) => [check, finding]));
}

const NAMES = [
  "node",
  "variables",
  "configuration",
  "data directory",
  "ledger",
  "starters",
  "index",
  "meaning",
  "model",
];

/** A home with an empty ledger, and its file. */
async function usedHome(path: string): Promise<string> {
  const file = join(path, "handbook.sqlite");
  await (await openSqliteLedger(file)).close();
  return file;
}

test("a fresh home is well: a line per check, exit code 0", async () => {
  using directory = tempDirectory();
  const home = join(directory.path, "a/b");
  const { code, stdout } = await builtHandbook(["doctor"], { HANDBOOK_HOME: home, HANDBOOK_STARTERS: "on" });
  expect(code).toBe(0);
  const lines = stdout.trim().split("\n");
  expect(lines.map((line) => /^ok {7}([a-z ]+): /.exec(line)?.[1])).toEqual(NAMES);
  expect(stdout).toContain(`${home} is writable, made just now`);
  expect(stdout).toMatch(/ledger: sound, [1-9]\d+ behaviors and 0 traces/);
  expect(stdout).toContain("starters: starter-agent-work, starter-mathematics, starter-software-engineering");
  expect(stdout).toMatch(/index: fresh, [1-9]\d+ behaviors/);
});

test("what is stored is counted, and starters may be off", async () => {
  await using ports = await testPorts();
  await recordTrace(ports, { task: "t", reasoning: "r" });
  const found = await doctor(ports.path);
  expect(Object.keys(found)).toEqual(NAMES);
  expect(found.ledger?.message).toContain("0 behaviors and 1 traces");
  expect(found.starters).toMatchObject({ status: "ok", message: "switched off by HANDBOOK_STARTERS=off" });
});

test("a handbook that is read and holds nothing is told: its name may be misspelt", async () => {
  await using ports = await testPorts();
  await recordTrace(ports, { task: "t", reasoning: "r", handbook: "team" });
  const sound = await doctor(ports.path, { HANDBOOK_READ: "me,team" }); // what is written to begins empty
  expect(sound.handbooks).toMatchObject({ status: "ok", message: "me is written to; read beside it: team" });
  const misspelt = await doctor(ports.path, { HANDBOOK_READ: "me,taem,team" });
  expect(misspelt.handbooks).toMatchObject({
    status: "failed",
    message: "nothing is in taem, which HANDBOOK_READ names",
    fix: expect.stringContaining("These hold something: team"),
  });
});

describe("a data directory", () => {
  test("below a file, behind a link to nowhere or in /proc is told", async () => {
    using directory = tempDirectory();
    const file = join(directory.path, "file");
    const link = join(directory.path, "link");
    writeFileSync(file, "");
    symlinkSync(join(directory.path, "unmounted"), link);
    for (const home of [join(file, "home"), join(link, "home"), "/proc/home"]) {
      if (home.startsWith("/proc") && !existsSync("/proc/self")) continue;
      expect(await checkDirectory(home)).toMatchObject({
        status: "failed",
        message: expect.stringMatching(/cannot be/),
        fix: expect.stringContaining("HANDBOOK_HOME"),
      });
    }
  });

  test("that cannot be made is exit code 1, and what needs it is not tried", async () => {
    using directory = tempDirectory();
    const file = join(directory.path, "file");
    writeFileSync(file, "");
    const found = await doctor(join(file, "home"));
    expect(found["data directory"]?.status).toBe("failed");
    for (const name of ["ledger", "starters", "index"])
      expect(found[name]).toEqual({ status: "skipped", message: "the data directory comes first" });
  });
});

describe("a ledger", () => {
  test("that is no database is told, with how to save what can be saved", async () => {
    using directory = tempDirectory();
    writeFileSync(join(directory.path, "handbook.sqlite"), "not a database, ".repeat(400));
    const found = await doctor(directory.path);
    expect(found.ledger).toMatchObject({
      status: "failed",
      message: expect.stringContaining("file is not a database"),
      fix: expect.stringContaining(".recover"),
    });
    expect(found.index).toEqual({ status: "skipped", message: "the ledger comes first" });
  });

  test("with a broken page is told", async () => {
    using directory = tempDirectory();
    const path = await usedHome(directory.path);
    const content = readFileSync(path);
    writeFileSync(path, content.fill(0xde, content.length - 4096));
    expect((await doctor(directory.path)).ledger).toMatchObject({
      status: "failed",
      message: expect.stringContaining("damaged"),
      fix: expect.stringContaining(".recover"),
    });
  });

  test("that reads well and hangs together no more is told by its faults", async () => {
    using directory = tempDirectory();
    const path = await usedHome(directory.path);
    const database = new DatabaseSync(path);
    database.exec(
      "pragma foreign_keys = off; insert into citations values ('none', 'default', 'behavior_x', 1)",
    );
    database.close();
    const found = await doctor(directory.path);
    expect(found.ledger).toMatchObject({
      status: "failed",
      message: expect.stringContaining("1 rows refer to a row that is missing"),
    });
  });

  test("of a newer version is told, with what to update", async () => {
    using directory = tempDirectory();
    const database = new DatabaseSync(await usedHome(directory.path));
    database.exec("insert into kysely_migration values ('9999-later', '2030-01-01')");
    database.close();
    const { ledger } = await doctor(directory.path);
    expect(ledger).toMatchObject({
      status: "failed",
      message: expect.stringContaining("9999-later"),
      fix: expect.stringContaining("Update behavior-handbook"),
    });
  });

  test("that lacks a table is no crash", async () => {
    using directory = tempDirectory();
    const database = new DatabaseSync(await usedHome(directory.path));
    database.exec("pragma foreign_keys = off; drop table traces");
    database.close();
    const { ledger } = await doctor(directory.path);
    expect(ledger).toMatchObject({ status: "failed", message: expect.stringContaining("traces") });
  });

  test("whose place is taken by a directory is told", async () => {
    using directory = tempDirectory();
    mkdirSync(join(directory.path, "handbook.sqlite"));
    expect((await doctor(directory.path)).ledger).toMatchObject({
      status: "failed",
      message: expect.stringContaining("is a directory"),
    });
  });
});

test("an invalid configuration and an unknown variable are told with their names", async () => {
  using directory = tempDirectory();
  const found = await doctor(directory.path, { HANDBOOK_STARTERS: "maybe", HANDBOOK_MODLE: "m" });
  expect(found.configuration).toMatchObject({
    status: "failed",
    message: expect.stringContaining("HANDBOOK_STARTERS"),
  });
  expect(found.variables).toMatchObject({
    status: "failed",
    message: "nothing reads HANDBOOK_MODLE",
    fix: expect.stringContaining("HANDBOOK_MODEL,"),
  });
  expect(Object.keys(found).sort()).toEqual([...NAMES].sort());
  expect(found.model?.status).toBe("skipped");
});

describe("a model endpoint", () => {
  const model = (baseUrl: string) => checkModel({ name: "m", apiKey: "k", baseUrl });

  test("that answers is well, and is asked once", async () => {
    await using chat = await startChatServer(["ok"]);
    using directory = tempDirectory();
    const environment = { HANDBOOK_MODEL: "m", OPENAI_API_KEY: "k", OPENAI_BASE_URL: chat.baseUrl };
    expect((await doctor(directory.path, environment)).model).toMatchObject({ status: "ok" });
    expect(chat.requests).toMatchObject([{ model: "m" }]);
  });

  test("of a student or a teacher is asked too where it is another one, and its own variables are named", async () => {
    await using chat = await startChatServer(({ model }) => (model === "small" ? 404 : "ok"));
    using directory = tempDirectory();
    const found = await doctor(directory.path, {
      HANDBOOK_MODEL: "m",
      OPENAI_BASE_URL: chat.baseUrl,
      HANDBOOK_TEACHER: "m",
      HANDBOOK_STUDENT: "small",
    });
    expect(found.model).toMatchObject({ status: "ok" });
    expect(found.teacher).toBeUndefined();
    expect(found.student).toMatchObject({
      status: "failed",
      fix: expect.stringContaining("HANDBOOK_STUDENT"),
    });
    expect(chat.requests.map(({ model }) => model)).toEqual(["m", "small"]);
  });

  test.each([
    [401, "OPENAI_API_KEY"],
    [404, "HANDBOOK_MODEL"],
    [429, "credit"],
    [500, "log"],
  ])("that answers %i is told with what to set, without its words", async (status, fix) => {
    await using chat = await startChatServer([status]);
    const found = await model(`${chat.baseUrl}/`);
    expect(found).toMatchObject({ status: "failed", fix: expect.stringContaining(fix) });
    expect(found.message).toContain(`HTTP ${status}`);
    expect(found.message).not.toContain("stranger");
  });

  test("that is not there is told with the URL to correct, and never with a password", async () => {
    await using chat = await startChatServer([]);
    const { port } = new URL(chat.baseUrl);
    await chat[Symbol.asyncDispose]();
    expect(await model(`http://127.0.0.1:${port}/v1`)).toEqual({
      status: "failed",
      message: `nothing answers at http://127.0.0.1:${port}/v1`,
      fix: "Start the endpoint, or correct OPENAI_BASE_URL, or unset HANDBOOK_MODEL.",
    });
    const withPassword = await model(`http://me:hunter2@127.0.0.1:${port}/v1`);
    expect(withPassword.status).toBe("failed");
    expect(JSON.stringify(withPassword)).not.toContain("hunter2");
  });
});

import { describe, expect, test } from "vitest";
import { grantsOf, may } from "../../src/rules/grants.ts";
import { tempDirectory } from "../ports.ts";
import { builtHandbook, handbook } from "./handbook.ts";

describe("handbook keys", () => {
  test("makes a key that is shown once, lists it without its secret, revokes it", async () => {
    using home = tempDirectory();
    const at = { HANDBOOK_HOME: home.path };
    expect((await handbook(["keys", "list"], at)).stdout).toBe("No keys.\n");
    const made = await builtHandbook(
      [
        "keys",
        "create",
        "--name",
        "ci",
        "--scopes",
        "read,write:me",
        "--handbooks",
        "me,team",
        "--expires",
        "90d",
      ],
      at,
    );
    expect(made.stdout).toMatch(/^hbk_[0-9a-f]{12}_[0-9a-f]{64}\n$/);
    const [, id = "", secret = ""] = made.stdout.trim().split("_");
    const listed = await handbook(["keys", "list"], at);
    expect(listed.stdout).toMatch(
      /ci {2}read of me, team; write of me {2}valid until \d{4}.*last used: never/,
    );
    const json = await handbook(["keys", "list", "--json"], at);
    expect(listed.stdout + json.stdout).not.toContain(secret);
    expect(JSON.parse(json.stdout)).toMatchObject([{ id, grants: { read: ["me", "team"], write: ["me"] } }]);
    // A named handbook is there at once.
    expect((await handbook(["call", "handbook_report", '{"handbook":"team"}'], at)).code).toBe(0);
    expect((await handbook(["keys", "revoke", id], at)).code).toBe(0);
    expect((await handbook(["keys", "list"], at)).stdout).toMatch(/revoked \d{4}/);
    expect(await handbook(["keys", "revoke", id], at)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/UNKNOWN_KEY/),
    });
  });

  test("shows admin without a handbook: it is of the server", async () => {
    using home = tempDirectory();
    const at = { HANDBOOK_HOME: home.path };
    await handbook(["keys", "create", "--name", "prometheus", "--scopes", "admin,read"], at);
    expect((await handbook(["keys", "list"], at)).stdout).toMatch(
      / {2}(admin; read of default|read of default; admin) {2}/,
    );
  });

  test.each([
    [["--scopes", "fly"], 1],
    [["--scopes", ""], 1],
    [["--handbooks", "No Such"], 1],
    [["--handbooks", ""], 1],
    [["--expires", "soon"], 2],
    [["--expires", "0d"], 2],
    [["--name", "a\nb"], 2],
  ])("refuses %j", async (args, code) => {
    using home = tempDirectory();
    const { code: found, stdout } = await handbook(["keys", "create", "--name", "x", ...args], {
      HANDBOOK_HOME: home.path,
    });
    expect(found).toBe(code);
    expect(stdout).toBe("");
  });
});

test("serving beyond loopback without a key fails at once, with what to do", async () => {
  using home = tempDirectory();
  const { code, stderr } = await handbook(["serve", "--http", "--host", "0.0.0.0", "--port", "0"], {
    HANDBOOK_HOME: home.path,
  });
  expect(code).toBe(1);
  expect(stderr).toMatch(/BAD_CONFIG.*handbook keys create/);
});

test("several handbooks are read together, and one is written to", async () => {
  using home = tempDirectory();
  const at = {
    HANDBOOK_HOME: home.path,
    HANDBOOK_STARTERS: "off",
    HANDBOOK_HOLDOUT: "0",
    HANDBOOK_WITHHOLD: "0",
  };
  const both = { ...at, HANDBOOK_READ: "me,team" };
  const call = async (name: string, input: object, environment: Record<string, string>) => {
    const { stdout, stderr } = await handbook(["call", name, JSON.stringify(input)], environment);
    return JSON.parse(stdout || `{"error":${JSON.stringify(stderr)}}`);
  };
  const { trace_id } = await call(
    "record_trace",
    { task: "load crates", reasoning: "r", handbook: "team" },
    at,
  );
  const { reflection_id } = await call("reflect_and_extract", { trace_ids: [trace_id] }, at);
  const behaviors = [
    {
      name: "behavior_weigh",
      instruction: "Weigh every crate twice before it is loaded.",
      when: "crates are loaded",
    },
  ];
  await call("submit_reflection", { reflection_id, reflection: "r", behaviors }, at);

  const found = await call("retrieve_behaviors", { task: "crates are loaded" }, both);
  expect(found.behaviors).toMatchObject([{ name: "behavior_weigh", handbook: "team" }]);
  const recorded = await call(
    "record_trace",
    { task: "t", reasoning: "behavior_weigh", use_id: found.use_id },
    both,
  );
  expect(recorded.cited).toEqual(["behavior_weigh"]);
  expect((await call("handbook_report", {}, both)).handbook).toBe("me");
  expect(
    (await call("retrieve_behaviors", { task: "crates are loaded", handbook: "default" }, both)).behaviors,
  ).toEqual([]);
  expect((await call("handbook_report", {}, { ...both, HANDBOOK_WRITE: "team" })).handbook).toBe("team");
  expect((await handbook(["doctor"], { ...at, HANDBOOK_READ: "Me, team" })).stdout).toMatch(/HANDBOOK_READ/);
});

test("grants name their handbooks, and none implies another", () => {
  const { grants, unknown } = grantsOf(["read", "write:me", "fly", "read:", "a:b:c"], ["team"]);
  expect(grants).toEqual({ read: ["team"], write: ["me"] });
  expect(unknown).toEqual(["fly", "read:", "a:b:c"]);
  expect(may({ grants }, "write", "team")).toBe(false);
  expect(may({ grants: { admin: ["*"] } }, "read")).toBe(false);
  // What the server as a whole does is no handbook's.
  expect(grantsOf(["admin", "admin:me"], ["team"])).toEqual({
    grants: { admin: ["*"] },
    unknown: ["admin:me"],
  });
  expect(may({ grants: { read: ["*"] } }, "read", "anything")).toBe(true);
});

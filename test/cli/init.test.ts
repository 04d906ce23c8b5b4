import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { applyPatch } from "diff";
import { parse as parseJsonc } from "jsonc-parser";
import { parse as parseToml } from "smol-toml";
import { describe, expect, test } from "vitest";
import { ENTRY, type Machine, machine, run, runBuilt, runHandbook } from "./run-handbook.ts";

const server = { command: process.execPath, args: [realpathSync(ENTRY)] };

/** Writes files of the project and reads them back, by their path in it. */
function files({ project }: Machine) {
  return {
    write(path: string, content: string) {
      mkdirSync(dirname(join(project, path)), { recursive: true });
      writeFileSync(join(project, path), content);
    },
    read: (path: string) => readFileSync(join(project, path), "utf8"),
    json: (path: string) => JSON.parse(readFileSync(join(project, path), "utf8")),
    all: () => everyFile(project),
  };
}

/** Every file below a directory with its content: what "changes nothing" is compared by. */
function everyFile(directory: string): Record<string, string> {
  const found = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return Object.fromEntries(
    found
      .map(({ parentPath, name }) => join(parentPath, name))
      .sort()
      .map((path) => [path.slice(directory.length + 1), readFileSync(path, "utf8")]),
  );
}

/** A text as far as it is the original, character by character: the original itself when it was only added to. */
function withoutAdded(text: string, original: string): string {
  let at = 0;
  for (const character of text) if (character === original[at]) at++;
  return original.slice(0, at);
}

const handbook = (user: Machine, ...args: string[]) => runHandbook(user, args);
const ok = { code: 0 };

// As a person might have it: tabs, an order of keys of their own, lists on one line, others' hooks and servers.
const SETTINGS = `{
\t"model": "opus",
\t"permissions": { "allow": ["Bash(npm test:*)", "Read"], "deny": [] },
\t"hooks": {
\t\t"Stop": [{ "hooks": [{ "type": "command", "command": "say done", "timeout": 3 }] }],
\t\t"PreToolUse": [
\t\t\t{ "matcher": "Bash", "hooks": [{ "type": "command", "command": "./check.sh" }] }
\t\t]
\t},
\t"env": { "B": "1", "A": "2" }
}
`;
const SERVERS = `{
    "mcpServers": {
        "github": { "command": "npx", "args": ["-y", "github-mcp"], "env": { "TOKEN": "\${TOKEN}" } }
    },
    "other": [1, 2,   3]
}`;

describe.concurrent("init agents-md", () => {
  test("makes AGENTS.md, and uninit takes it away", async () => {
    using user = machine();
    const project = files(user);
    expect(await handbook(user, "init", "agents-md")).toMatchObject(ok);
    const content = project.read("AGENTS.md");
    for (const tool of [
      "retrieve_behaviors",
      "record_trace",
      "reflect_and_extract",
      "submit_reflection",
      "report_outcome",
    ])
      expect(content).toContain(`\`${tool}\``);
    expect(content).toMatch(/^<!-- behavior-handbook:start -->\n[\s\S]*\n<!-- behavior-handbook:end -->\n$/);
    expect(content.split(/\s+/).length).toBeLessThan(150);
    expect(content).not.toMatch(/claude|cursor|codex|must|important/i);
    expect(await handbook(user, "uninit", "agents-md")).toMatchObject(ok);
    expect(project.all()).toEqual({});
  });

  test.for([
    ["with a last line", "# Rules\n\nUse tabs.\n"],
    ["without a last line end", "# Rules\n\nUse tabs."],
    ["with Windows line ends", "# Rules\r\n\r\nUse tabs.\r\n"],
    ["empty", ""],
  ])("adds to a file %s, and uninit restores it byte for byte", async ([, before = ""]) => {
    using user = machine();
    const project = files(user);
    project.write("AGENTS.md", before);
    await handbook(user, "init", "agents-md");
    const content = project.read("AGENTS.md");
    expect(content.startsWith(before)).toBe(true);
    expect(content.replaceAll("\r\n", "").includes("\n")).toBe(!before.includes("\r"));
    expect(project.read("AGENTS.md.handbook-backup")).toBe(before);
    await handbook(user, "uninit", "agents-md");
    expect(project.all()).toEqual({ "AGENTS.md": before });
  });

  test("twice is once, and an older section is brought up to date where it stands", async () => {
    using user = machine();
    const project = files(user);
    await handbook(user, "init", "agents-md");
    const section = project.read("AGENTS.md").trimEnd();
    expect(await handbook(user, "init", "agents-md")).toMatchObject({
      stdout: "",
      stderr: "AGENTS.md is set up already\n",
    });
    const older = "<!-- behavior-handbook:start -->\nOld words.\n<!-- behavior-handbook:end -->";
    project.write("AGENTS.md", `# Before\n\n${older}\n\n# After\n`);
    await handbook(user, "init", "agents-md");
    expect(project.read("AGENTS.md")).toBe(`# Before\n\n${section}\n\n# After\n`);
  });

  test("uninit leaves what was written around the section meanwhile", async () => {
    using user = machine();
    const project = files(user);
    project.write("AGENTS.md", "# Rules\n");
    await handbook(user, "init", "agents-md");
    project.write("AGENTS.md", `# New title\n${project.read("AGENTS.md")}\nUse spaces.\n`);
    await handbook(user, "uninit", "agents-md");
    expect(project.read("AGENTS.md")).toBe("# New title\n# Rules\n\nUse spaces.\n");
  });

  test("CLAUDE.md is taken where only that exists, and another file where one is named", async () => {
    using user = machine();
    const project = files(user);
    project.write("CLAUDE.md", "# Claude\n");
    await handbook(user, "init", "agents-md");
    expect(Object.keys(project.all())).toEqual(["CLAUDE.md", "CLAUDE.md.handbook-backup"]);
    project.write("AGENTS.md", "# Agents\n");
    await handbook(user, "init", "agents-md");
    expect(project.read("AGENTS.md")).toContain("behavior-handbook:start");
    await handbook(user, "init", "agents-md", "--file", "docs/GEMINI.md");
    expect(project.read("docs/GEMINI.md")).toContain("behavior-handbook:start");
    await handbook(user, "uninit", "agents-md", "--file", "docs/GEMINI.md");
    await handbook(user, "uninit", "agents-md");
    expect(project.all()).toEqual({ "AGENTS.md": "# Agents\n", "CLAUDE.md": "# Claude\n" });
  });

  test("a file with half a section is refused and left alone", async () => {
    using user = machine();
    const project = files(user);
    project.write("AGENTS.md", "<!-- behavior-handbook:start -->\nHalf\n");
    for (const command of ["init", "uninit"]) {
      const { code, stderr } = await handbook(user, command, "agents-md");
      expect({ code, stderr }).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/^BAD_FILE: AGENTS\.md /),
      });
    }
    expect(project.all()).toEqual({ "AGENTS.md": "<!-- behavior-handbook:start -->\nHalf\n" });
  });
});

describe.concurrent("init claude-code", () => {
  test("makes .mcp.json and .claude/settings.json, and uninit takes them away", async () => {
    using user = machine();
    const project = files(user);
    expect(await handbook(user, "init", "claude-code")).toMatchObject(ok);
    expect(project.json(".mcp.json")).toEqual({ mcpServers: { handbook: server } });
    const hook = (event: string) => [
      {
        hooks: [
          { type: "command", command: expect.stringMatching(new RegExp(`hook ${event}$`)), timeout: 10 },
        ],
      },
    ];
    expect(project.json(".claude/settings.json")).toEqual({
      hooks: { UserPromptSubmit: hook("prompt"), Stop: hook("stop") },
    });
    await handbook(user, "uninit", "claude-code");
    expect(readdirSync(user.project)).toEqual([]);
  });

  test("adds to files that are there, leaves every other byte, and uninit restores them", async () => {
    using user = machine();
    const project = files(user);
    project.write(".claude/settings.json", SETTINGS);
    project.write(".mcp.json", SERVERS);
    await handbook(user, "init", "claude-code");
    expect(project.read(".claude/settings.json.handbook-backup")).toBe(SETTINGS);
    expect(project.read(".mcp.json.handbook-backup")).toBe(SERVERS);
    const settings = project.json(".claude/settings.json");
    expect(Object.keys(settings)).toEqual(["model", "permissions", "hooks", "env"]);
    expect(settings.hooks.Stop).toMatchObject([
      { hooks: [{ command: "say done" }] },
      { hooks: [{ command: expect.stringMatching(/hook stop$/) }] },
    ]);
    expect(withoutAdded(project.read(".claude/settings.json"), SETTINGS)).toBe(SETTINGS);
    expect(project.read(".claude/settings.json")).toMatch(
      /^\t\t"UserPromptSubmit": \[\n\t\t\t\{\n\t\t\t\t"hooks": \[$/m,
    );
    expect(Object.keys(project.json(".mcp.json").mcpServers)).toEqual(["github", "handbook"]);
    expect(withoutAdded(project.read(".mcp.json"), SERVERS)).toBe(SERVERS);
    await handbook(user, "uninit", "claude-code");
    expect(project.all()).toEqual({ ".claude/settings.json": SETTINGS, ".mcp.json": SERVERS });
  });

  test("twice is once", async () => {
    using user = machine();
    const project = files(user);
    project.write(".claude/settings.json", SETTINGS);
    await handbook(user, "init", "claude-code");
    const once = project.all();
    expect(await handbook(user, "init", "claude-code")).toMatchObject({ code: 0, stdout: "" });
    expect(project.all()).toEqual(once);
  });

  test("uninit takes out only its own, also when the rest was edited meanwhile", async () => {
    using user = machine();
    const project = files(user);
    project.write(".claude/settings.json", SETTINGS);
    await handbook(user, "init", "claude-code");
    const settings = project.json(".claude/settings.json");
    settings.model = "haiku";
    settings.hooks.Stop[1].hooks.push({ type: "command", command: "say bye" });
    settings.hooks.UserPromptSubmit.unshift({ hooks: [{ type: "command", command: "date" }] });
    project.write(".claude/settings.json", JSON.stringify(settings, null, 4));
    const servers = project.json(".mcp.json");
    servers.mcpServers.github = { command: "gh" };
    project.write(".mcp.json", JSON.stringify(servers));
    await handbook(user, "uninit", "claude-code");
    const before = JSON.parse(SETTINGS);
    expect(project.json(".claude/settings.json")).toEqual({
      ...before,
      model: "haiku",
      hooks: {
        ...before.hooks,
        Stop: [...before.hooks.Stop, { hooks: [{ type: "command", command: "say bye" }] }],
        UserPromptSubmit: [{ hooks: [{ type: "command", command: "date" }] }],
      },
    });
    expect(project.json(".mcp.json")).toEqual({ mcpServers: { github: { command: "gh" } } });
  });

  test("an entry of an older installation is brought up to date, and what was added to it stays", async () => {
    using user = machine();
    const project = files(user);
    const old = "/old/lib/node_modules/behavior-handbook/dist/behavior-handbook.js";
    const env = { HANDBOOK_HOME: "/data" };
    project.write(
      ".mcp.json",
      JSON.stringify({ mcpServers: { handbook: { command: "node", args: [old], env } } }),
    );
    const hook = { type: "command", command: `node ${old} hook prompt`, timeout: 30, statusMessage: "…" };
    project.write(
      ".claude/settings.json",
      JSON.stringify({ hooks: { UserPromptSubmit: [{ hooks: [hook] }, { hooks: [hook] }] } }),
    );
    await handbook(user, "init", "claude-code");
    expect(project.json(".mcp.json")).toEqual({ mcpServers: { handbook: { ...server, env } } });
    const { hooks } = project.json(".claude/settings.json");
    expect(hooks.UserPromptSubmit).toEqual([
      { hooks: [{ ...hook, command: expect.stringContaining(server.args[0] ?? "-") }] },
    ]);
    expect(hooks.Stop).toHaveLength(1);
  });

  test.for([
    [".claude/settings.json", "{ broken", /not valid JSON: line 1/],
    [".claude/settings.json", '{\n  "a": 1, // comments are not for this file\n}', /not valid JSON: line 2/],
    [".claude/settings.json", "[]", /the file is not an object/],
    [".claude/settings.json", '{"hooks": {"Stop": {}}}', /"hooks.Stop" is not a list/],
    [".claude/settings.json", '{"hooks": []}', /"hooks" is not an object/],
    [".mcp.json", '{"mcpServers": "none"}', /"mcpServers" is not an object/],
    [".mcp.json", '{"mcpServers": {"handbook": {"command": "recipes"}}}', /another server named "handbook"/],
  ] as const)("%s with %j is refused, and nothing is changed", async ([path, content, words]) => {
    using user = machine();
    const project = files(user);
    project.write(path, content);
    const { code, stdout, stderr } = await handbook(user, "init", "claude-code");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/^BAD_FILE: [^\n]+\n$/);
    expect(stderr).toMatch(words);
    expect(project.all()).toEqual({ [path]: content });
  });

  test("uninit leaves another server of the same name, and lists that were empty before", async () => {
    using user = machine();
    const project = files(user);
    const content = '{"mcpServers": {"handbook": {"command": "recipes"}}}';
    project.write(".mcp.json", content);
    expect(await handbook(user, "uninit", "claude-code")).toMatchObject({ code: 0, stdout: "" });
    const empty = '{ "hooks": { "Stop": [] }, "env": {} }';
    project.write(".mcp.json", '{"mcpServers": {}}');
    project.write(".claude/settings.json", empty);
    await handbook(user, "init", "claude-code");
    project.write(".claude/settings.json", project.read(".claude/settings.json").replace('"env"', '"envs"'));
    project.write(".mcp.json", project.read(".mcp.json").replace("{", '{"a": 1,'));
    await handbook(user, "uninit", "claude-code");
    expect(project.json(".claude/settings.json")).toEqual({ hooks: { Stop: [] }, envs: {} });
    expect(project.json(".mcp.json")).toEqual({ a: 1, mcpServers: {} });
  });

  test("with scope user, it is the home that is written, and the project is not", async () => {
    using user = machine();
    mkdirSync(join(user.home, ".claude"));
    const state = `{"numStartups": 5, "projects": {"/a": {"history": []}}}`;
    writeFileSync(join(user.home, ".claude.json"), state);
    chmodSync(join(user.home, ".claude.json"), 0o600);
    await handbook(user, "init", "claude-code", "--scope", "user");
    const written = JSON.parse(readFileSync(join(user.home, ".claude.json"), "utf8"));
    expect(written).toEqual({ ...JSON.parse(state), mcpServers: { handbook: server } });
    for (const file of [".claude.json", ".claude.json.handbook-backup"])
      expect(statSync(join(user.home, file)).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(user.home, ".claude", "settings.json"), "utf8")).toContain("hook prompt");
    expect(readdirSync(user.project)).toEqual([]);
    await handbook(user, "uninit", "claude-code", "--scope", "user");
    expect(everyFile(user.home)).toEqual({ ".claude.json": state });
  });

  test("CLAUDE_CONFIG_DIR moves what is the user's", async () => {
    using user = machine();
    const moved = join(user.home, "work");
    await runHandbook({ ...user, env: { ...user.env, CLAUDE_CONFIG_DIR: moved } }, [
      "init",
      "claude-code",
      "--scope",
      "user",
    ]);
    expect(Object.keys(everyFile(user.home))).toEqual(["work/.claude.json", "work/settings.json"]);
  });

  test("a link to settings elsewhere stays a link", async () => {
    using user = machine();
    const project = files(user);
    project.write("dotfiles/settings.json", SETTINGS);
    mkdirSync(join(user.project, ".claude"));
    symlinkSync("../dotfiles/settings.json", join(user.project, ".claude", "settings.json"));
    await handbook(user, "init", "claude-code");
    expect(lstatSync(join(user.project, ".claude", "settings.json")).isSymbolicLink()).toBe(true);
    expect(project.read("dotfiles/settings.json")).toContain("hook prompt");
    await handbook(user, "uninit", "claude-code");
    expect(project.read("dotfiles/settings.json")).toBe(SETTINGS);
  });

  test("the commands that it writes run, whatever characters the path has", async () => {
    using user = machine({ HANDBOOK_STARTERS: "off" });
    const entry = join(user.home, "it's $HOME & co", "dist", "behavior-handbook.js");
    cpSync(dirname(ENTRY), dirname(entry), { recursive: true });
    await runBuilt(user, ["init", "claude-code"], { entry });
    const { hooks } = files(user).json(".claude/settings.json");
    const { command } = hooks.UserPromptSubmit[0].hooks[0];
    const input = JSON.stringify({ session_id: "s", prompt: "yes" });
    expect(await run("sh", ["-c", command], { env: user.env, cwd: user.project, input })).toEqual({
      code: 0,
      stdout: "",
      stderr: "",
    });
    await runBuilt(user, ["uninit", "claude-code"], { entry });
    expect(readdirSync(user.project)).toEqual([]);
  });

  test("from npx's cache the server goes through npx, and hooks wait for an installed package", async () => {
    using user = machine();
    const entry = join(user.home, ".npm/_npx/0f1e/node_modules/behavior-handbook/dist/behavior-handbook.js");
    cpSync(dirname(ENTRY), dirname(entry), { recursive: true });
    const { code, stderr } = await runBuilt(user, ["init", "claude-code"], { entry });
    expect(code).toBe(0);
    expect(stderr).toContain("npm install -g behavior-handbook");
    expect(files(user).all()).toEqual({ ".mcp.json": expect.any(String) });
    expect(files(user).json(".mcp.json")).toEqual({
      mcpServers: { handbook: { command: "npx", args: ["-y", "behavior-handbook"] } },
    });
    await runBuilt(user, ["init", "codex"], { entry });
    expect(readFileSync(join(user.home, ".codex", "config.toml"), "utf8")).toContain(
      "startup_timeout_sec = 60",
    );
    await handbook(user, "uninit", "claude-code"); // by an installation of another kind
    expect(readdirSync(user.project)).toEqual([]);
  });
});

describe.concurrent("--dry-run", () => {
  test("prints exactly the change that init then makes, and changes nothing", async () => {
    using user = machine();
    const project = files(user);
    project.write(".claude/settings.json", SETTINGS);
    project.write(".mcp.json", SERVERS);
    const before = project.all();
    const { code, stdout } = await handbook(user, "init", "claude-code", "--dry-run");
    expect(code).toBe(0);
    expect(project.all()).toEqual(before);
    expect(existsSync(user.data)).toBe(false);
    const patches = stdout.split(/(?=^--- )/m);
    expect(patches).toHaveLength(2);
    await handbook(user, "init", "claude-code");
    for (const path of [".mcp.json", ".claude/settings.json"]) {
      const patch = patches.find((text) => text.startsWith(`--- ${path}\n+++ ${path}\n`)) ?? "";
      expect(applyPatch(before[path] ?? "", patch)).toBe(project.read(path));
    }
    const after = project.all();
    const undone = await handbook(user, "uninit", "claude-code", "--dry-run");
    expect(undone.stdout).toContain("--- .mcp.json\n");
    expect(project.all()).toEqual(after);
  });

  test("shows files that would come and go", async () => {
    using user = machine();
    const { stdout } = await handbook(user, "init", "cursor", "--dry-run");
    expect(stdout.startsWith("--- /dev/null\n+++ .cursor/mcp.json\n")).toBe(true);
    expect(readdirSync(user.project)).toEqual([]);
    await handbook(user, "init", "cursor");
    const gone = await handbook(user, "uninit", "cursor", "--dry-run");
    expect(gone.stdout.startsWith("--- .cursor/mcp.json\n+++ /dev/null\n")).toBe(true);
    expect(readdirSync(user.project)).toEqual([".cursor"]);
  });
});

describe.concurrent("init of the other clients", () => {
  test("Cursor and VS Code keep their comments", async () => {
    using user = machine();
    const project = files(user);
    const content = '{\n  // mine\n  "servers": {\n    "a": { "command": "a" }, // keep\n  },\n}\n';
    project.write(".vscode/mcp.json", content);
    project.write(".cursor/mcp.json", content.replace("servers", "mcpServers"));
    for (const client of ["vscode", "cursor"]) expect(await handbook(user, "init", client)).toMatchObject(ok);
    expect(parseJsonc(project.read(".vscode/mcp.json"))).toEqual({
      servers: { a: { command: "a" }, handbook: { type: "stdio", ...server } },
    });
    expect(parseJsonc(project.read(".cursor/mcp.json"))).toEqual({
      mcpServers: { a: { command: "a" }, handbook: server },
    });
    for (const path of [".vscode/mcp.json", ".cursor/mcp.json"]) {
      expect(project.read(path)).toContain("// mine");
      expect(project.read(path)).toContain("// keep");
    }
    for (const client of ["vscode", "cursor"]) await handbook(user, "uninit", client);
    expect(parseJsonc(project.read(".vscode/mcp.json"))).toEqual({ servers: { a: { command: "a" } } });
    expect(project.read(".vscode/mcp.json")).toContain("// mine");
  });

  test("a byte order mark and Windows line ends stay", async () => {
    using user = machine();
    const project = files(user);
    const content = '\ufeff{\r\n  "mcpServers": {}\r\n}\r\n';
    project.write(".mcp.json", content);
    expect(await handbook(user, "init", "claude-code")).toMatchObject(ok);
    expect(project.read(".mcp.json")).toMatch(/^\ufeff\{\r\n/);
    expect(project.read(".mcp.json").replaceAll("\r\n", "")).not.toContain("\n");
    await handbook(user, "uninit", "claude-code");
    expect(project.read(".mcp.json")).toBe(content);
  });

  test("Codex gets a marked table, and the rest of its file is not touched", async () => {
    using user = machine();
    const config = join(user.home, ".codex", "config.toml");
    const content = 'model = "o5"   # mine\n\n[mcp_servers.other]\ncommand = "x"\n';
    mkdirSync(dirname(config));
    writeFileSync(config, content);
    await handbook(user, "init", "codex");
    const written = readFileSync(config, "utf8");
    expect(written.startsWith(content)).toBe(true);
    expect(parseToml(written)).toEqual({
      model: "o5",
      mcp_servers: { other: { command: "x" }, handbook: server },
    });
    await handbook(user, "init", "codex");
    expect(readFileSync(config, "utf8")).toBe(written);
    await handbook(user, "uninit", "codex");
    expect(everyFile(join(user.home, ".codex"))).toEqual({ "config.toml": content });
  });

  test.for([
    ["not valid TOML", "model = \n"],
    ["another server of that name", '[mcp_servers.handbook]\ncommand = "recipes"\n'],
    ["another server of that name in other words", 'mcp_servers = { "handbook" = { command = "x" } }\n'],
    ["servers that no table can be added to", 'mcp_servers = { a = { command = "x" } }\n'],
  ])("Codex's file with %s is refused and left alone", async ([, content = ""]) => {
    using user = machine();
    mkdirSync(join(user.home, ".codex"));
    writeFileSync(join(user.home, ".codex", "config.toml"), content);
    const { code, stderr } = await handbook(user, "init", "codex");
    expect({ code, stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^BAD_FILE: [^\n]+\n$/),
    });
    expect(everyFile(user.home)).toEqual({ ".codex/config.toml": content });
  });

  test("Claude Desktop's file is found where this platform keeps it", async () => {
    using user = machine();
    await handbook(user, "init", "claude-desktop");
    const [[path = "", content = ""] = []] = Object.entries(everyFile(user.home));
    expect(path).toMatch(/Claude\/claude_desktop_config\.json$/);
    expect(JSON.parse(content)).toEqual({ mcpServers: { handbook: server } });
    await handbook(user, "uninit", "claude-desktop");
    expect(everyFile(user.home)).toEqual({});
  });

  test("uninit of what was never set up says so and does nothing", async () => {
    using user = machine();
    for (const client of ["agents-md", "claude-code", "cursor", "codex"])
      expect(await handbook(user, "uninit", client)).toMatchObject({ code: 0, stdout: "" });
    expect([...readdirSync(user.project), ...readdirSync(user.home)]).toEqual([]);
  });

  test("unknown clients and options of another client are refused", async () => {
    using user = machine();
    expect(await handbook(user, "init", "emacs")).toMatchObject({ code: 2 });
    expect(await handbook(user, "init", "claude-code", "--scope", "everyone")).toMatchObject({ code: 2 });
    expect(await handbook(user, "init", "cursor", "--scope", "user")).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^INVALID_INPUT: --scope is for claude-code/),
    });
    expect(await handbook(user, "init", "codex", "--file", "x")).toMatchObject({ code: 1 });
    expect(readdirSync(user.project)).toEqual([]);
  });
});

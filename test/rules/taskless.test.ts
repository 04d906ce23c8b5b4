import { expect, test } from "vitest";
import { isTaskless } from "../../src/rules/taskless.ts";

test.each([
  "yes",
  "Yes, please!",
  "continue",
  "go ahead",
  "ok thanks",
  "1",
  "2 and 3",
  "👍",
  "?",
  "",
  "   ",
  "weiter",
  "继续",
  "はい、お願いします",
  "/compact",
  "/deploy staging",
  "/plugin:command with arguments",
  "<task-notification>\n<task-id>b1</task-id>\n</task-notification>",
  "<command-name>/model</command-name>",
  "<local-command-stdout>Set model</local-command-stdout>",
  "<system-reminder>Note</system-reminder>",
  "[Request interrupted by user]",
])("%j puts no task", (prompt) => expect(isTaskless(prompt)).toBe(true));

test.each([
  "fix tests",
  "commit",
  "why?",
  "yes, but rename the function first",
  "continue with the parser",
  "/etc/hosts looks wrong",
  "/home/me/a.ts does not compile",
  "<div> is not closed in index.html",
  "修复测试",
  "no no no no no no no no no",
])("%j puts one", (prompt) => expect(isTaskless(prompt)).toBe(false));

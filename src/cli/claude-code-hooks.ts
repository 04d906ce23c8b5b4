import { isDeepStrictEqual } from "node:util";
import type { ClientFile } from "./file-change.ts";
import { shown } from "./file-change.ts";
import { hookHandler, isOurHook } from "./installation.ts";
import {
  editJson,
  isSameJson,
  type JsonEdit,
  type JsonObject,
  listAt,
  objectAt,
  readJson,
} from "./json-edit.ts";

const EVENTS = [
  { name: "UserPromptSubmit", event: "prompt" },
  { name: "Stop", event: "stop" },
] as const;

/** Seconds after which Claude Code gives a hook up; ours ends earlier by itself. */
const TIMEOUT_S = 10;

/**
 * Claude Code's settings with our two hooks: behaviors are retrieved for every prompt, and the trace of every turn
 * is recorded.
 *
 * Source: code.claude.com/docs/en/hooks: `hooks.<event>[].hooks[]` of `{type: "command", command, timeout}`; these
 * two events take no matcher.
 */
export function claudeCodeHooksFile(path: string): ClientFile {
  const name = shown(path);
  return {
    path,
    put: (text) =>
      EVENTS.reduce((json, { name: event, event: ours }) => {
        const groups = groupsOf(json, name, event);
        const handler = { type: "command", ...hookHandler(ours), timeout: TIMEOUT_S };
        const [first, ...doubles] = placesOf(groups, ours);
        if (first === undefined)
          return editJson(json, addition(json, name, event, groups.length, handler), name);
        return editJson(json, [...updates(event, first, handler), ...removals(groups, event, doubles)], name);
      }, text),
    take(text, original) {
      const taken = EVENTS.reduce((json, { name: event, event: ours }) => {
        const groups = groupsOf(json, name, event);
        return editJson(json, removals(groups, event, placesOf(groups, ours)), name);
      }, text);
      return taken === text ? text : withoutEmpty(taken, original, name);
    },
    isEmpty: (text) => Object.keys(readJson(text, name, false)).length === 0,
    isSame: isSameJson,
  };
}

function groupsOf(text: string, name: string, event: string): readonly unknown[] {
  const hooks = objectAt(readJson(text, name, false).hooks, name, '"hooks"');
  return listAt(hooks[event], name, `"hooks.${event}"`);
}

interface Place {
  path: [group: number, "hooks", place: number];
  handler: unknown;
}

function placesOf(groups: readonly unknown[], event: "prompt" | "stop"): Place[] {
  return groups.flatMap((group, at) =>
    handlersOf(group).flatMap((handler, place): Place[] =>
      isOurHook(handler, event) ? [{ path: [at, "hooks", place], handler }] : [],
    ),
  );
}

function handlersOf(group: unknown): readonly unknown[] {
  const { hooks }: JsonObject = typeof group === "object" && group !== null ? { ...group } : {};
  return Array.isArray(hooks) ? hooks : [];
}

function addition(
  text: string,
  name: string,
  event: string,
  groups: number,
  handler: JsonObject,
): JsonEdit[] {
  const hooks = objectAt(readJson(text, name, false).hooks, name, '"hooks"');
  const group = { hooks: [handler] };
  return event in hooks
    ? [{ path: ["hooks", event, groups], value: group }]
    : [{ path: ["hooks", event], value: [group] }];
}

/** Brings the command up to date; a timeout or a message that somebody set stays. */
function updates(event: string, { path, handler }: Place, { command, args }: JsonObject): JsonEdit[] {
  const known: JsonObject = { ...(handler as JsonObject) };
  return Object.entries({ command, args }).flatMap(([field, value]) =>
    isDeepStrictEqual(known[field], value) ? [] : [{ path: ["hooks", event, ...path, field], value }],
  );
}

/** Takes handlers away, last one first so that the places before stay right; a group goes with its last handler. */
function removals(groups: readonly unknown[], event: string, places: readonly Place[]): JsonEdit[] {
  const byGroup = Map.groupBy(places, ({ path }) => path[0]);
  return [...byGroup]
    .reverse()
    .flatMap(([group, inGroup]): JsonEdit[] =>
      handlersOf(groups[group]).length === inGroup.length
        ? [{ path: ["hooks", event, group], value: undefined }]
        : inGroup.map(({ path }) => ({ path: ["hooks", event, ...path], value: undefined })).reverse(),
    );
}

/** Takes away the lists that our hooks left empty, unless they were there, empty, before. */
function withoutEmpty(text: string, original: string | undefined, name: string): string {
  const hooksOf = (json: string) => readJson(json, name, false).hooks;
  const before = original === undefined ? undefined : hooksOf(original);
  const known = before === undefined ? {} : objectAt(before, name, '"hooks"');
  const hooks = objectAt(hooksOf(text), name, '"hooks"');
  const empty = EVENTS.filter(
    ({ name: event }) => !(event in known) && listAt(hooks[event] ?? [0], name, event).length === 0,
  );
  if (before === undefined && empty.length === Object.keys(hooks).length)
    return editJson(text, [{ path: ["hooks"], value: undefined }], name);
  return editJson(
    text,
    empty.map(({ name: event }) => ({ path: ["hooks", event], value: undefined })),
    name,
  );
}

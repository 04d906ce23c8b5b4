import { isDeepStrictEqual } from "node:util";
import {
  createScanner,
  findNodeAtLocation,
  type JSONPath,
  type Node,
  type ParseError,
  parse,
  parseTree,
} from "jsonc-parser";
import { HandbookError } from "../errors.ts";

export type JsonObject = Record<string, unknown>;

/** One change: a value to put at a path, or undefined to take away what is there. */
export interface JsonEdit {
  path: JSONPath;
  value: unknown;
}

/**
 * Reads a client's configuration. A blank file is an empty object, as clients take it.
 *
 * Throws: BAD_FILE when it is not JSON (with `comments`: JSON with comments and trailing commas) or no object.
 */
export function readJson(text: string, file: string, comments: boolean): JsonObject {
  const bare = withoutBom(text);
  if (bare.trim() === "") return {};
  const errors: ParseError[] = [];
  const value: unknown = parse(bare, errors, { allowTrailingComma: comments, disallowComments: !comments });
  const [first] = errors;
  if (first !== undefined) {
    const line = bare.slice(0, first.offset).split("\n").length;
    throw refused(`${file} is not valid JSON: line ${line}`);
  }
  return objectAt(value, file, "the file");
}

/**
 * The object under a name, an empty one when there is none.
 *
 * Throws: BAD_FILE when something else is there.
 */
export function objectAt(value: unknown, file: string, name: string): JsonObject {
  if (value === undefined) return {};
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  throw refused(`${file}: ${name} is not an object`);
}

/**
 * The list under a name, an empty one when there is none.
 *
 * Throws: BAD_FILE when something else is there.
 */
export function listAt(value: unknown, file: string, name: string): readonly unknown[] {
  if (value === undefined) return [];
  if (Array.isArray(value)) return value;
  throw refused(`${file}: ${name} is not a list`);
}

function refused(message: string): HandbookError {
  return new HandbookError("BAD_FILE", message, {
    fix: "Correct it by hand and run this again; nothing was changed",
  });
}

/**
 * Makes the changes one after the other and leaves every other byte as it is: order, comments, layout, line ends.
 * What is put in is laid out as what stands around it. A blank text becomes an object first.
 *
 * The package's own `modify` is not used: it formats the whole line that it touches, and 3.3.1 breaks a list when it
 * removes the last item of one written on one line.
 *
 * Throws: BAD_FILE when the result would not say what it should, as with a key that is there twice.
 */
export function editJson(text: string, edits: readonly JsonEdit[], file: string): string {
  const bare = withoutBom(text);
  const start = bare.trim() === "" ? `{${eolOf(bare)}}${eolOf(bare)}` : bare;
  const wanted = edits.reduce<unknown>((value, edit) => withEdit(value, edit.path, edit.value), parse(start));
  const edited = edits.reduce(
    (json, { path, value }) => (value === undefined ? taken(json, path) : put(json, path, value)),
    start,
  );
  if (!isDeepStrictEqual(parse(edited), wanted))
    throw refused(`${file} cannot be edited safely: a key is there twice`);
  return edits.length === 0 ? text : text.slice(0, text.length - bare.length) + edited;
}

function withEdit(value: unknown, [key, ...rest]: JSONPath, put: unknown): unknown {
  if (key === undefined) return put;
  const known: unknown = value ?? (typeof key === "number" ? [] : {});
  const inner = rest.length > 0 ? withEdit((known as JsonObject)[key], rest, put) : put;
  if (Array.isArray(known)) {
    const list: unknown[] = known;
    return inner === undefined ? list.filter((_, at) => at !== key) : list.toSpliced(Number(key), 1, inner);
  }
  const { [key]: _, ...others } = known as JsonObject;
  return inner === undefined ? others : { ...(known as JsonObject), [key]: inner };
}

function put(text: string, path: JSONPath, value: unknown): string {
  const root = parseTree(text);
  const key = path.at(-1);
  const node = root && findNodeAtLocation(root, [...path]);
  if (node !== undefined)
    return spliced(text, node.offset, node.length, laidOut(text, value, lineIndent(text, node)));
  const container = root && findNodeAtLocation(root, path.slice(0, -1));
  if (container === undefined || key === undefined)
    return put(text, path.slice(0, -1), typeof key === "number" ? [value] : { [key ?? ""]: value });

  const name = typeof key === "string" ? `${JSON.stringify(key)}: ` : "";
  const close = container.offset + container.length - 1;
  const last = container.children?.at(-1);
  if (last === undefined && !text.trimEnd().includes("\n"))
    return spliced(text, close, 0, name + JSON.stringify(value));
  if (last === undefined) {
    const outer = lineIndent(text, container);
    const inner = outer + indentOf(text);
    const content = eolOf(text) + inner + name + laidOut(text, value, inner) + eolOf(text) + outer;
    return spliced(text, container.offset + 1, container.length - 2, content);
  }
  const end = last.offset + last.length;
  const comma = commaIn(text, end, close);
  const before = tokensIn(text, end, close).at(-1)?.end ?? end; // after comments, where there are any
  const isOnOneLine = !text.slice(container.offset, end).includes("\n");
  const indent = lineIndent(text, last);
  const content = isOnOneLine
    ? ` ${name}${JSON.stringify(value)}`
    : eolOf(text) + indent + name + laidOut(text, value, indent);
  const added = spliced(text, before, 0, content);
  return comma === undefined ? spliced(added, end, 0, ",") : added;
}

function taken(text: string, path: JSONPath): string {
  const root = parseTree(text);
  const value = root && findNodeAtLocation(root, [...path]);
  const node = value?.parent?.type === "property" ? value.parent : value;
  const container = node?.parent;
  if (node === undefined || container?.children === undefined) return text;
  const close = container.offset + container.length - 1;
  const end = node.offset + node.length;
  const at = container.children.indexOf(node);
  const [previous, next] = [container.children[at - 1], container.children[at + 1]];
  const from = text.slice(0, node.offset).trimEnd().length;
  const following = commaIn(text, end, next?.offset ?? close);
  if (following !== undefined) return spliced(text, from, following.end - from, "");
  if (previous === undefined) {
    const rest = text.slice(container.offset + 1, from) + text.slice(end, close);
    return spliced(text, container.offset + 1, container.length - 2, rest.trim() === "" ? "" : rest);
  }
  const without = spliced(text, from, end - from, "");
  const comma = commaIn(text, previous.offset + previous.length, node.offset);
  return comma === undefined ? without : spliced(without, comma.offset, 1, "");
}

interface Token {
  text: string;
  offset: number;
  end: number;
}

/** Commas and comments between two places. */
function tokensIn(text: string, from: number, to: number): Token[] {
  const scanner = createScanner(text.slice(0, to));
  scanner.setPosition(from);
  const tokens: Token[] = [];
  for (;;) {
    scanner.scan();
    const [offset, length] = [scanner.getTokenOffset(), scanner.getTokenLength()];
    if (length === 0) return tokens;
    const token = { text: text.slice(offset, offset + length), offset, end: offset + length };
    if (token.text.trim() !== "") tokens.push(token);
  }
}

function commaIn(text: string, from: number, to: number): Token | undefined {
  return tokensIn(text, from, to).find((token) => token.text === ",");
}

function spliced(text: string, offset: number, length: number, content: string): string {
  return text.slice(0, offset) + content + text.slice(offset + length);
}

function laidOut(text: string, value: unknown, indent: string): string {
  return JSON.stringify(value, null, indentOf(text)).replaceAll("\n", eolOf(text) + indent);
}

/** The white space that the line of a node begins with. */
function lineIndent(text: string, { offset }: Node): string {
  const line = text.slice(text.lastIndexOf("\n", offset - 1) + 1);
  return /^[ \t]*/.exec(line)?.[0] ?? "";
}

function indentOf(text: string): string {
  return /^([ \t]+)\S/m.exec(text)?.[1] ?? "  ";
}

function eolOf(text: string): string {
  return text.includes("\r\n") ? "\r\n" : "\n";
}

/** Windows programs put a byte order mark first. */
function withoutBom(text: string): string {
  return text.replace(/^\ufeff/, "");
}

/** Whether two texts differ in white space only, with the same keys in the same order. */
export function isSameJson(a: string, b: string): boolean {
  const bare = (text: string) => text.replace(/\s/g, "");
  const [one, other]: unknown[] = [parse(withoutBom(a)), parse(withoutBom(b))];
  return bare(a) === bare(b) && isDeepStrictEqual(one, other);
}

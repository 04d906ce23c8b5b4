import { inner, isRow, listOf, type Row, word } from "./trace-row.ts";

/** A span of a model's call or of what surrounds it, with plain attributes. */
export interface Span {
  traceId: string;
  spanId: string;
  /** Nanoseconds or an instant, as text that sorts by time within a file. */
  start: string;
  attributes: Row;
}

/** Whether a row is one span, or a batch of them in OTLP's JSON encoding. */
export function isSpanRow(row: Row): boolean {
  return Array.isArray(row.resourceSpans) || idsOf(row) !== undefined;
}

/**
 * The spans of a row, the attributes of their events among their own: a batch (`resourceSpans`, `scopeSpans`), a span
 * as OTLP writes it (attributes as a list of keys and typed values) or as SDKs print it (attributes as an object).
 *
 * Source: open-telemetry/opentelemetry-proto, opentelemetry/proto/trace/v1/trace.proto and common/v1/common.proto, in
 * JSON; opentelemetry-python, ConsoleSpanExporter (`context.trace_id`, `start_time`).
 */
export function spansOf(row: Row): Span[] {
  if (!Array.isArray(row.resourceSpans)) return spanOf(row);
  return row.resourceSpans
    .flatMap((resource) => listOf(inner(resource).scopeSpans ?? inner(resource).instrumentationLibrarySpans))
    .flatMap((scope) => listOf(inner(scope).spans))
    .flatMap((span) => spanOf(inner(span)));
}

function spanOf(row: Row): Span[] {
  const ids = idsOf(row);
  if (ids === undefined) return [];
  const events = listOf(row.events).map((event) => attributesOf(inner(event).attributes));
  const start = row.startTimeUnixNano ?? row.start_time_unix_nano ?? row.startTime ?? row.start_time ?? "";
  const attributes = Object.assign({}, ...events, attributesOf(row.attributes));
  return [{ ...ids, start: word(start).padStart(20, "0"), attributes }];
}

function idsOf(row: Row): { traceId: string; spanId: string } | undefined {
  const context = inner(row.context ?? row.spanContext);
  const [traceId] = [row.traceId, row.trace_id, context.trace_id, context.traceId].filter(isId);
  const [spanId] = [row.spanId, row.span_id, context.span_id, context.spanId].filter(isId);
  return traceId === undefined || spanId === undefined ? undefined : { traceId, spanId };
}

function isId(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function attributesOf(value: unknown): Row {
  if (!Array.isArray(value)) return inner(value);
  const pairs = value.flatMap((pair) =>
    isRow(pair) && typeof pair.key === "string" ? [[pair.key, plain(pair.value)]] : [],
  );
  return Object.fromEntries(pairs);
}

/** A typed value of OTLP as the value itself; 64-bit integers are text there. */
function plain(value: unknown): unknown {
  const typed = inner(value);
  if ("intValue" in typed) return Number(word(typed.intValue));
  if ("arrayValue" in typed) return listOf(inner(typed.arrayValue).values).map(plain);
  if ("kvlistValue" in typed) return attributesOf(inner(typed.kvlistValue).values);
  return typed.stringValue ?? typed.doubleValue ?? typed.boolValue;
}

interface Told {
  fields: Record<string, unknown>;
  calls: Map<number, Row>;
}

/** `prefix.0.role`, `prefix.0.tool_calls.1.name` … as a list of messages with their calls. */
export function unflattened(attributes: Row, prefix: string): Row[] {
  const messages = new Map<number, Told>();
  const key = new RegExp(`^${prefix.replaceAll(".", "\\.")}\\.(\\d+)\\.(?:tool_calls\\.(\\d+)\\.)?([^.]+)$`);
  for (const [name, value] of Object.entries(attributes)) {
    const [, place, call, field = ""] = key.exec(name) ?? [];
    if (place === undefined) continue;
    const message: Told = messages.get(Number(place)) ?? { fields: {}, calls: new Map() };
    messages.set(Number(place), message);
    if (call === undefined) message.fields[field] = value;
    else message.calls.set(Number(call), { ...message.calls.get(Number(call)), [field]: value });
  }
  return inOrder(messages).map(({ fields, calls }) =>
    calls.size === 0 ? fields : { ...fields, tool_calls: inOrder(calls) },
  );
}

function inOrder<T>(places: ReadonlyMap<number, T>): T[] {
  return [...places].sort(([a], [b]) => a - b).map(([, value]) => value);
}

import { parse, View } from "vega";
import { compile, type TopLevelSpec } from "vega-lite";

/** One quantity of several things, side by side. */
export interface Panel {
  title: string;
  /** Points on a logarithmic axis instead of bars from zero: where the largest would hide all others. */
  logarithmic?: boolean;
  bars: readonly Bar[];
}

export interface Bar {
  /** What it is of: the same labels in the same order in every panel. */
  label: string;
  /** None where it could not be measured: its row stays, empty. */
  value?: number | undefined;
  /** Ends of the whisker. */
  low?: number | undefined;
  high?: number | undefined;
  /** What is written beside it; the value, where it is left out. */
  text?: string;
}

export interface Layout {
  columns: number;
  /** The label that is drawn in the strong color. */
  highlight?: string;
  /** Width of a panel in pixels. */
  width?: number;
}

const STRONG = "#2f81f7";
const PLAIN = "#8b949e";
// An SVG in a page cannot see the page's colors, only what its reader prefers.
const STYLE =
  "<style>:root{color:#1f2328}@media(prefers-color-scheme:dark){:root{color:#e6edf3}}</style>" as const;

const CONFIG = {
  font: "system-ui, sans-serif",
  view: { stroke: null },
  text: { color: "currentColor" },
  title: { color: "currentColor", fontSize: 12, anchor: "start" as const },
  axis: { labelColor: "currentColor", labelFontSize: 11, domain: false, ticks: false, grid: false },
};

/** Panels of bars or points with whiskers, as an SVG that can be read on white and on black. */
export async function picture(panels: readonly Panel[], layout: Layout): Promise<string> {
  return svgOf({
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    concat: panels.map((panel, i) => drawn(panel, layout, i % layout.columns === 0)),
    columns: layout.columns,
    background: "transparent",
    spacing: { row: 24, column: 28 },
    config: CONFIG,
  });
}

/** One quantity as it changes, of one thing or several. */
export interface Curve {
  label: string;
  points: readonly { x: number; y: number }[];
}

/** Lines over a common axis from zero, each with its label at its end; `highlight` is drawn in the strong color. */
export async function curves(
  title: string,
  axes: { x: string; y: string },
  lines: readonly Curve[],
  highlight: string,
): Promise<string> {
  const color = { condition: { test: `datum.label === '${highlight}'`, value: STRONG }, value: PLAIN };
  const axis = { titleColor: "currentColor", titleFontWeight: "normal" as const, titleFontSize: 11 };
  const encoding = {
    x: { field: "x", type: "quantitative" as const, title: axes.x, axis: { ...axis, tickCount: 6 } },
    y: { field: "y", type: "quantitative" as const, title: axes.y, axis, scale: { domainMin: 0 } },
    detail: { field: "label", type: "nominal" as const },
    color,
  };
  const ends = lines.flatMap(({ label, points }) => points.slice(-1).map((point) => ({ label, ...point })));
  return svgOf({
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    title,
    width: 460,
    height: 200,
    background: "transparent",
    layer: [
      {
        data: { values: lines.flatMap(({ label, points }) => points.map((point) => ({ label, ...point }))) },
        mark: { type: "line", strokeWidth: 2 },
        encoding,
      },
      {
        data: { values: ends },
        mark: { type: "text", align: "left", dx: 6, fontSize: 11 },
        encoding: { x: encoding.x, y: encoding.y, text: { field: "label", type: "nominal" } },
      },
    ],
    config: CONFIG,
  });
}

async function svgOf(spec: TopLevelSpec): Promise<string> {
  const svg = await new View(parse(compile(spec).spec), { renderer: "none" }).toSVG();
  return `${svg.replace(/^(<svg[^>]*>)/, `$1${STYLE}`)}\n`;
}

function drawn(
  { title, logarithmic = false, bars }: Panel,
  { highlight, width = 150 }: Layout,
  first: boolean,
) {
  const values = bars.map(({ label, value, low = value, high = value, text = String(value ?? "") }) => ({
    label,
    ...(value !== undefined && { value, low, high, text }),
  }));
  const ends = values.flatMap(({ low, high }) => [low ?? [], high ?? []].flat());
  const least = Math.min(...ends) / 2;
  const scale = logarithmic ? { type: "log" as const, domainMin: least } : { domainMin: 0 };
  const x = { field: "value", type: "quantitative" as const, axis: null, scale: { ...scale, nice: false } };
  const color = { condition: { test: `datum.label === '${highlight}'`, value: STRONG }, value: PLAIN };
  return {
    title,
    width,
    height: { step: 20 },
    data: { values },
    encoding: {
      y: {
        field: "label",
        type: "nominal" as const,
        scale: { domain: bars.map(({ label }) => label) },
        axis: { title: null, labels: first, labelLimit: 0 },
      },
    },
    layer: [
      {
        mark: logarithmic
          ? { type: "circle" as const, size: 70, opacity: 1 }
          : { type: "bar" as const, size: 12 },
        encoding: { x, color },
      },
      {
        mark: { type: "rule" as const, color: "currentColor" },
        encoding: { x: { ...x, field: "low" }, x2: { field: "high" } },
      },
      {
        mark: { type: "text" as const, align: "left" as const, dx: 8, fontSize: 11 },
        encoding: { x: { ...x, field: "high" }, text: { field: "text", type: "nominal" as const } },
      },
    ],
  };
}

import { parse, View } from "vega";
import { compile, type TopLevelSpec } from "vega-lite";
import type { BehaviorLift, Effect } from "../rules/lift/lift.ts";
import type { TimelinePoint } from "../rules/lift/timeline.ts";

// Both can be told apart by the color-blind, and read on white and on black.
const COLORS = { served: "#2f81f7", control: "#d98c1f" } as const;
const PLAIN = "#7d8590";
const WIDTH = 700;
const WIDTH_BESIDE_NAMES = 440;

const NAME = `replace(datum.label, "behavior_", "")`;
/** Long names lose their middle, for they differ at the end; the tables have them whole. */
const NAMES = {
  labelLimit: 0,
  labelOverlap: false,
  labelExpr: `length(${NAME}) > 36 ? slice(${NAME}, 0, 22) + "…" + slice(${NAME}, -13) : ${NAME}`,
} as const;

type Layers = Extract<TopLevelSpec, { layer: unknown }>["layer"];

/** How the interval of an effect narrowed: the estimate, its band, and no effect as a rule. */
export function estimatePlot({ series, unit }: Effect): Promise<string> {
  const none = unit === "ratio" ? 1 : 0;
  const axis = { title: null, format: unit === "ratio" ? ".2~f" : "+.0%" };
  const scale = unit === "ratio" ? logarithmic(series) : { zero: false };
  const y = { type: "quantitative" as const, scale, axis };
  const x = {
    field: "episodes",
    type: "quantitative" as const,
    axis: { title: "tasks measured", format: ",.0f" },
  };
  return drawn(series, 200, [
    {
      mark: { type: "area", color: COLORS.served, opacity: 0.2 },
      encoding: { x, y: { ...y, field: "low" }, y2: { field: "high" } },
    },
    { mark: { type: "line", color: COLORS.served }, encoding: { x, y: { ...y, field: "estimate" } } },
    { mark: { type: "rule", color: "currentColor", strokeDash: [4, 4] }, encoding: { y: { datum: none } } },
  ]);
}

/** From end to end and over 1; left to itself it would begin and end at powers of ten. */
function logarithmic(intervals: readonly { low?: number | undefined; high?: number | undefined }[]) {
  const ends = intervals.flatMap(({ low, high }) => [low ?? 1, high ?? 1]);
  const domain = [Math.min(0.9, ...ends) / 1.02, Math.max(1.1, ...ends) * 1.02];
  return { type: "log" as const, domain, nice: false };
}

/** Means of both arms up to each instant. */
export function timelinePlot(points: readonly TimelinePoint[], format: string): Promise<string> {
  const labels = { served: "with the handbook", control: "without" };
  const values = points.map((point) => ({ ...point, arm: labels[point.arm] }));
  return drawn(values, 180, [
    {
      mark: { type: "line", interpolate: "step-after" },
      encoding: {
        x: { field: "at", type: "temporal", scale: { type: "utc" }, axis: { title: null } },
        y: { field: "mean", type: "quantitative", scale: { zero: false }, axis: { title: null, format } },
        color: {
          field: "arm",
          type: "nominal",
          scale: { domain: Object.values(labels), range: [COLORS.served, COLORS.control] },
          legend: { title: null, orient: "top", labelLimit: 0 },
        },
      },
    },
  ]);
}

/** The interval of each behavior, one below the other. */
export function forestPlot(behaviors: readonly BehaviorLift[]): Promise<string> {
  const values = behaviors.flatMap(
    ({ behavior, finding = "nothing shown", token_ratio: { estimate, low, high } }) =>
      estimate === undefined ? [] : [{ behavior, finding, estimate, low, high }],
  );
  const y = {
    field: "behavior",
    type: "nominal" as const,
    sort: null,
    axis: { title: null, ...NAMES },
  };
  const x = {
    type: "quantitative" as const,
    scale: logarithmic(values),
    axis: { title: "output tokens, all / all but this one", format: ".2~f" },
  };
  const color = {
    field: "finding",
    type: "nominal" as const,
    scale: {
      domain: ["helps", "harms", "mixed", "nothing shown"],
      range: [COLORS.served, COLORS.control, "#a371f7", PLAIN],
    },
    legend: { title: null, orient: "top" as const },
  };
  return drawn(values, { step: 18 }, [
    {
      mark: { type: "rule", color: "currentColor", strokeDash: [4, 4] },
      encoding: { x: { ...x, datum: 1 } },
    },
    {
      mark: { type: "rule", strokeWidth: 2 },
      encoding: { y, x: { ...x, field: "low" }, x2: { field: "high" }, color },
    },
    {
      mark: { type: "point", filled: true, size: 60, opacity: 1 },
      encoding: { y, x: { ...x, field: "estimate" }, color },
    },
  ]);
}

export interface Share {
  label: string;
  share: number;
  text: string;
}

/** Bars from 0 to 1. */
export function sharesPlot(shares: readonly Share[]): Promise<string> {
  return bars(shares, "share", { domain: [0, 1] });
}

/** Bars from 0. */
export function countsPlot(counts: readonly { label: string; n: number; text: string }[]): Promise<string> {
  return bars(counts, "n", { zero: true });
}

function bars(values: readonly object[], field: string, scale: object): Promise<string> {
  const y = {
    field: "label",
    type: "nominal" as const,
    sort: null,
    axis: { title: null, domain: false, ticks: false, ...NAMES },
  };
  const x = { field, type: "quantitative" as const, axis: null, scale };
  return drawn(values, { step: 22 }, [
    { mark: { type: "bar", color: COLORS.served, size: 12 }, encoding: { x, y } },
    {
      mark: { type: "text", align: "left", dx: 6, color: "currentColor" },
      encoding: { x, y, text: { field: "text", type: "nominal" } },
    },
  ]);
}

/** An SVG without script that takes the color of the page's text. The page says in words what it shows. */
export async function drawn(
  values: readonly object[],
  height: number | { step: number },
  layer: Layers,
): Promise<string> {
  const spec: TopLevelSpec = {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    data: { values: [...values] },
    width: typeof height === "number" ? WIDTH : WIDTH_BESIDE_NAMES,
    height,
    layer,
    background: "transparent",
    config: {
      aria: false,
      font: "system-ui, sans-serif",
      view: { stroke: null },
      axis: {
        labelColor: "currentColor",
        titleColor: "currentColor",
        titleFontWeight: "normal",
        labelFontSize: 12,
        titleFontSize: 12,
        domainColor: PLAIN,
        tickColor: PLAIN,
        gridColor: PLAIN,
        gridOpacity: 0.25,
      },
      legend: { labelColor: "currentColor", labelFontSize: 12 },
      text: { fontSize: 12 },
    },
  };
  return new View(parse(compile(spec).spec), { renderer: "none" }).toSVG();
}

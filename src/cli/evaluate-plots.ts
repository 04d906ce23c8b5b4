import { Arm } from "../model/evaluation.ts";
import type { Cell } from "../rules/evaluation/summary.ts";
import { drawn } from "./report-plots.ts";

// Told apart by the color-blind (Okabe and Ito 2008), and read on white and on black.
const COLORS: Record<Arm, string> = {
  plain: "#7d8590",
  behaviors: "#2f81f7",
  "critique-revise": "#d98c1f",
  "self-improve": "#a371f7",
  "plain-sft": "#c9a227",
  "behavior-sft": "#00a37a",
};

/** The paper's figure: one line for each arm, from its smallest budget to its largest. */
export function accuracyByTokens(
  cells: readonly Cell[],
  counted: "output_tokens" | "all_output_tokens",
): Promise<string> {
  const values = cells.flatMap(({ arm, budget, accuracy, [counted]: tokens }) =>
    accuracy === undefined || tokens === undefined ? [] : [{ arm, budget, accuracy: accuracy.mean, tokens }],
  );
  const x = {
    field: "tokens",
    type: "quantitative" as const,
    scale: { zero: false, nice: true },
    axis: { title: "output tokens", format: ",.0f" },
  };
  const y = { ...ACCURACY, field: "accuracy" };
  const color = colors(values);
  return drawn(values, 260, [
    { mark: { type: "line" }, encoding: { x, y, color, order: { field: "budget", type: "quantitative" } } },
    { mark: { type: "point", filled: true, size: 70, opacity: 1 }, encoding: { x, y, color } },
    {
      mark: { type: "text", dy: -11, color: "currentColor" },
      encoding: { x, y, text: { field: "budget", type: "quantitative", format: ",.0f" } },
    },
  ]);
}

/** The arms beside each other at each budget. */
export function accuracyByBudget(cells: readonly Cell[]): Promise<string> {
  const values = cells.flatMap(({ arm, budget, accuracy }) =>
    accuracy === undefined
      ? []
      : [{ arm, budget, accuracy: accuracy.mean, low: accuracy.low, high: accuracy.high }],
  );
  const x = {
    field: "budget",
    type: "ordinal" as const,
    axis: { title: "budget of output tokens", labelAngle: 0, format: ",.0f" },
  };
  const xOffset = { field: "arm", type: "nominal" as const, scale: { domain: armsOf(values) } };
  const color = colors(values);
  return drawn(values, 200, [
    {
      mark: { type: "rule", strokeWidth: 2 },
      encoding: { x, xOffset, color, y: { ...ACCURACY, field: "low" }, y2: { field: "high" } },
    },
    {
      mark: { type: "point", filled: true, size: 60, opacity: 1 },
      encoding: { x, xOffset, color, y: { ...ACCURACY, field: "accuracy" } },
    },
  ]);
}

const ACCURACY = {
  type: "quantitative" as const,
  scale: { zero: false },
  axis: { title: "accuracy", format: ".0%" },
};

function armsOf(values: readonly { arm: Arm }[]): Arm[] {
  return Arm.options.filter((arm) => values.some((value) => value.arm === arm));
}

function colors(values: readonly { arm: Arm }[]) {
  const domain = armsOf(values);
  return {
    field: "arm",
    type: "nominal" as const,
    scale: { domain, range: domain.map((arm) => COLORS[arm]) },
    legend: { title: null, orient: "top" as const, labelLimit: 0 },
  };
}

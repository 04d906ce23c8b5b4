import type { HandbookReport } from "../lifecycle/measure.ts";
import { type Account, REQUESTS_PER_TASK } from "../rules/lift/account.ts";
import { money, percent, range, ratio, several, whole } from "../rules/lift/figures.ts";
import type { BehaviorLift, Lift, Rate } from "../rules/lift/lift.ts";

/** The first row is the head. */
export type Rows = string[][];

/** What came back of each arm, as observed. */
export function armRows({ counts, returns, handbook }: Lift): Rows {
  const share = ({ share }: Rate) => (share === undefined ? "" : percent(share));
  const arm = (name: "served" | "control" | "withheld", label: string) => {
    const mean = name === "withheld" ? undefined : handbook.token_ratio.means[name];
    const success = name === "withheld" ? undefined : handbook.tested.means[name];
    return [
      label,
      whole(counts[name]),
      share(returns.trace[name]),
      share(returns.outcome[name]),
      share(returns.tokens[name]),
      mean === undefined ? "" : whole(mean),
      success === undefined ? "" : percent(success),
    ];
  };
  return [
    ["served", "tasks", "reported", "outcome known", "tokens counted", "output tokens*", "tested success"],
    arm("served", "everything that fits"),
    arm("control", "nothing"),
    arm("withheld", "all but one"),
  ];
}

export const ARMS_NOTE = "* geometric mean; as observed, not adjusted";

/** Money of one task and of all. */
export function accountRows({ tasks, asked, costs, saved, net, total, break_even_tasks }: Account): Rows {
  const row = (what: string, each: number) => [what, money(each), money(each * tasks)];
  const within = (what: string, one: Account["net"], all: Account["net"]) =>
    one && all
      ? [
          [
            what,
            `${money(one.estimate)} (${range(one, money)})`,
            `${money(all.estimate)} (${range(all, money)})`,
          ],
        ]
      : [];
  const times = (one: Account["net"]) =>
    one && { estimate: one.estimate * tasks, low: one.low * tasks, high: one.high * tasks };
  return [
    ["", "a served task", `all: ${whole(tasks)} served of ${whole(asked)} that asked`],
    ...(saved === undefined
      ? [["saved by writing less", "not known", ""]]
      : within("saved by writing less", saved, times(saved))),
    row(`reading behaviors, ${REQUESTS_PER_TASK} requests`, -costs.reading),
    row(`reading the tools' definitions, ${REQUESTS_PER_TASK} requests`, -costs.definitions),
    row("writing reports", -costs.reports),
    row("reflecting", -costs.reflection),
    ...within("net; with a minus, a loss", net, total),
    ...(break_even_tasks === undefined
      ? []
      : [["reflecting has paid after", several(break_even_tasks, "served task"), ""]]),
  ];
}

/** The behaviors of which enough is known to tell, the ones of which most is known first. */
export function mostMeasured(behaviors: readonly BehaviorLift[], most: number): BehaviorLift[] {
  return behaviors
    .filter(({ token_ratio, tested }) => [token_ratio, tested].some(({ estimate }) => estimate !== undefined))
    .toSorted((a, b) => b.withheld - a.withheld || b.shown - a.shown || (a.behavior < b.behavior ? -1 : 1))
    .slice(0, most);
}

export function behaviorRows(behaviors: readonly BehaviorLift[]): Rows {
  return [
    ["behavior", "shown", "withheld", "cited", "output tokens, all / all but this one", "finding"],
    ...behaviors.map(
      ({ behavior, shown, withheld, cited, token_ratio: { estimate, low, high }, finding }) => [
        behavior,
        whole(shown),
        whole(withheld),
        whole(cited),
        estimate === undefined || low === undefined || high === undefined
          ? "not enough data yet"
          : `${ratio(estimate)} × (${range({ low, high }, ratio)})`,
        finding ?? "",
      ],
    ),
  ];
}

export function citationRows(cited: HandbookReport["most_cited"]): Rows {
  return [
    ["behavior", "cited", "of these succeeded", "failed"],
    ...cited.map(({ name, cited, succeeded, failed }) => [
      name,
      whole(cited),
      whole(succeeded),
      whole(failed),
    ]),
  ];
}

import { expect, test } from "vitest";
import { draw, propensities } from "../../src/rules/assignment.ts";

test("a draw is told by salt and episode alone", () => {
  const chances = { holdout: 0.3, withhold: 0.5 };
  const twenty = Array.from({ length: 20 }, (_, i) => draw(`episode-${i}`, "salt", chances, 4));
  expect(draw("episode-7", "salt", chances, 4)).toEqual(twenty[7]);
  // Golden: another order of the hash's parts would change every draw that was ever logged.
  expect(twenty.map(({ arm, withheld }) => `${arm[0]}${withheld ?? ""}`).join(" ")).toMatchInlineSnapshot(
    `"s w1 w0 w3 w1 w0 c c w0 s s c w1 s w3 c s c s s"`,
  );
  const other = Array.from({ length: 20 }, (_, i) => draw(`episode-${i}`, "pepper", chances, 4));
  expect(other).not.toEqual(twenty);
});

test("arms and places come as often as their propensities say", () => {
  const [n, k, chances] = [40_000, 5, { holdout: 0.1, withhold: 0.2 }];
  const expected = propensities(chances, k);
  const count = { served: 0, control: 0, withheld: 0 };
  const places = Array.from({ length: k }, () => 0);
  for (let i = 0; i < n; i++) {
    const { arm, withheld } = draw(String(i), "salt", chances, k);
    count[arm] += 1;
    if (withheld !== undefined) places[withheld] = (places[withheld] ?? 0) + 1;
  }
  const isNear = (times: number, p: number) =>
    expect(Math.abs(times / n - p)).toBeLessThan(4.5 * Math.sqrt((p * (1 - p)) / n));
  isNear(count.control, expected.control);
  isNear(count.served, expected.served);
  for (const times of places) isNear(times, expected.withheld);
});

test("the propensities are those of the arms, and sum to one", () => {
  const p = propensities({ holdout: 0.2, withhold: 0.5 }, 4);
  expect(p.control).toBe(0.2);
  expect(p.served).toBeCloseTo(0.4, 12);
  expect(p.withheld).toBeCloseTo(0.1, 12);
  expect(p.control + p.shown + p.withheld).toBeCloseTo(1, 12);
  expect(p.control + p.served + 4 * p.withheld).toBeCloseTo(1, 12);
});

test("chances of 0 and 1 are certain, and nothing is withheld of nothing", () => {
  for (let i = 0; i < 200; i++) {
    expect(draw(String(i), "s", { holdout: 0, withhold: 0 }, 3).arm).toBe("served");
    expect(draw(String(i), "s", { holdout: 1, withhold: 1 }, 3).arm).toBe("control");
    expect(draw(String(i), "s", { holdout: 0, withhold: 1 }, 3).withheld).toBeLessThan(3);
    expect(draw(String(i), "s", { holdout: 0, withhold: 1 }, 0)).toEqual({ arm: "served" });
  }
});

import { expect, onTestFinished, test, vi } from "vitest";
import { CircuitBreaker } from "../../src/adapters/circuit-breaker.ts";

test("a failure rests 5 s, each further one twice as long, at most 5 minutes", () => {
  let now = 0;
  const breaker = new CircuitBreaker(() => now);
  expect(() => breaker.check()).not.toThrow();
  const rests = [5, 10, 20, 40, 80, 160, 300, 300].map((seconds) => seconds * 1000);
  for (const rest of rests) {
    breaker.failed(new Error("down"));
    now += rest - 1;
    expect(() => breaker.check(), `after ${rest} ms`).toThrow("down");
    now += 1;
    expect(() => breaker.check(), `after ${rest} ms`).not.toThrow();
  }
});

test("after the rest one call tries, and the others wait for what it finds", () => {
  let now = 0;
  const breaker = new CircuitBreaker(() => now);
  breaker.failed(new Error("down"));
  now = 5000;
  expect(() => breaker.check()).not.toThrow();
  expect(() => breaker.check()).toThrow("down");
  breaker.succeeded();
  expect(() => breaker.check()).not.toThrow();
});

test("a clock that goes back does not make the rest longer", () => {
  vi.useFakeTimers({ toFake: ["Date", "performance"] });
  onTestFinished(() => void vi.useRealTimers());
  const breaker = new CircuitBreaker();
  breaker.failed(new Error("down"));
  vi.setSystemTime(Date.now() - 3_600_000);
  vi.advanceTimersByTime(5000);
  expect(() => breaker.check()).not.toThrow();
});

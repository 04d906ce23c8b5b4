import { describe, expect, test } from "vitest";
import { actionsOf, withoutPurpose } from "../../../src/rules/recurrence/actions.ts";
import { namesOf, normalForm } from "../../../src/rules/recurrence/normal-form.ts";
import { problemOf, proceduresOf } from "../../../src/rules/recurrence/procedures.ts";
import { stepsOf } from "../../../src/rules/recurrence/steps.ts";

const texts = (reasoning: string) => stepsOf(reasoning).map(({ text }) => text);
const none = new Set<string>();

describe("reasoning is cut", () => {
  test("at sentences, not at decimals, abbreviations or the dots in formulas", () => {
    expect(texts("It costs 3.50 dollars. So Dr. Fu pays $0.5 \\cdot 2$. Wait, e.g. Bob pays too!")).toEqual([
      "It costs 3.50 dollars.",
      "So Dr. Fu pays $0.5 \\cdot 2$.",
      "Wait, e.g. Bob pays too!",
    ]);
    expect(texts("So $x=3.$ Then we stop. Wait, is it? Yes.")).toEqual([
      "So $x=3.$ Then we stop.",
      "Wait, is it?",
      "Yes.",
    ]);
  });

  test("at paragraphs and list items, without their markers", () => {
    expect(texts("First this\n\n- Divide by two\n2. Add three\n## A heading\nStep 4: Subtract")).toEqual([
      "First this",
      "Divide by two",
      "Add three",
      "A heading",
      "Subtract",
    ]);
  });

  test("so that formulas and code belong to the step before them", () => {
    const reasoning =
      "Subtract 3 from both sides:\n\\[\nx = 4\n\\]\n$y = 2$\nRun it:\n```sh\nnpm test. Now.\n```\nDone now";
    expect(texts(reasoning)).toEqual([
      "Subtract 3 from both sides:\n\\[\nx = 4\n\\]\n$y = 2$",
      "Run it:\n```sh\nnpm test. Now.\n```",
      "Done now",
    ]);
  });

  test("so that a wrapped line goes on", () => {
    expect(texts("We divide both sides\nby two. Then\nwe stop.")).toEqual([
      "We divide both sides\nby two.",
      "Then\nwe stop.",
    ]);
  });

  test("so that a tool call is one step, and what came back or what the user said is none", () => {
    const reasoning =
      'Let me look.\n\nTool Bash: {"command":"npm test. Now"}\n\nResult: We divide. And then\nwe add.\n\nThe user: Add it.\n\nFixed now.';
    expect(texts(reasoning)).toEqual([
      "Let me look.",
      'Tool Bash: {"command":"npm test. Now"}',
      "Fixed now.",
    ]);
  });

  test("at places that lead back to the text", () => {
    const reasoning = "  - Divide $a.b$ by 2. Now\n\n3) add: \\(x\\)";
    for (const { at, text } of stepsOf(reasoning)) expect(reasoning.slice(at).startsWith(text)).toBe(true);
    expect(stepsOf("")).toEqual([]);
  });
});

describe("the normal form", () => {
  const form = (sentence: string, task = "") => normalForm(sentence, namesOf(task)).join(" ");

  test("is the same for other numbers, variables, formulas, quotations and joints", () => {
    const wordings = [
      "Subtract 3 from both sides",
      "Then subtract $7x$ from both sides.",
      "Now, we subtract y_1 from both sides again:",
      'Subtract "c" from both sides, giving 2x+1 = 4.',
    ];
    expect(new Set(wordings.map((words) => form(stepsOf(words)[0]?.words ?? "")))).toEqual(
      new Set(["subtract both side"]),
    );
  });

  test("leaves the names of the task out, and no others", () => {
    const task = "A bank of Alice and Bob Miller asks. Pythagoras was here.";
    expect(form("Give Alice's share to Bob by the Pythagorean theorem", task)).toBe(
      "share pythagorean theorem",
    );
    expect(namesOf("Problem: Find x. Then Add y.")).toEqual(new Set(["Add"]));
  });

  test("keeps what is done", () => {
    expect(form("Add 3 to both sides")).not.toBe(form("Subtract 3 from both sides"));
  });
});

describe("a step does something", () => {
  test.each([
    ["Subtract 3 from both sides", ["subtract"]],
    ["Now we can plug this into the equation", ["substitute"]],
    ["We need to simplify, and then factor it", ["simplify", "factor"]],
    ["Using the quadratic formula:", ["recall", "use"]],
    ["Taking the square root of both sides", ["take"]],
    ["By the triangle inequality", ["recall"]],
    ["The area is given by a product", ["recall"]],
    ["Tool Bash command npm test", ["tool Bash"]],
  ])("%s", (sentence, actions) => {
    expect([...actionsOf(sentence)].sort()).toEqual([...actions].sort());
  });

  test.each([
    "Let me think about this.",
    "Wait, let me check that again.",
    "So the answer is",
    "The sum of the square and the list",
    "Should I divide both sides?",
    "He takes the goat over first.",
    "Maybe I am missing something.",
    "Let me double-check the problem statement.",
    "I want to find the value.",
  ])("but not: %s", (sentence) => {
    expect(actionsOf(sentence)).toEqual(none);
  });

  test("whatever it is for", () => {
    expect(withoutPurpose("To solve for x, divide both sides by 2")).toBe("divide both sides by 2");
    expect(withoutPurpose("First, to find x: divide by 2")).toBe("divide by 2");
    expect(withoutPurpose("Divide by 2 to find x, then stop")).toBe("Divide by 2 to find x, then stop");
  });
});

describe("procedures", () => {
  const steps = (task: string, reasoning: string) => proceduresOf(task, reasoning).map(({ text }) => text);

  test("are neither filler nor too general nor what the task says", () => {
    const task = "Multiply the numerator of the fraction by the denominator of the second fraction.";
    const reasoning = [
      "Okay, let me think.",
      "We use the formula.",
      "Multiply the numerator of the fraction by the denominator of the second fraction.",
      "Divide both sides by two.",
    ].join(" ");
    expect(steps(task, reasoning)).toEqual(["Divide both sides by two."]);
  });

  test("of one problem are told by its words", () => {
    expect(problemOf("What is  $2 + 3$?")).toBe(problemOf("what is 2 + 3"));
    expect(problemOf("What is 2 + 3?")).not.toBe(problemOf("What is 2 + 4?"));
    expect(problemOf(" ?! ")).toBe("?!");
  });
});

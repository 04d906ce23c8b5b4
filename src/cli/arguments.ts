import { InvalidArgumentError } from "commander";
import { HandbookSlug } from "../model/handbook.ts";

// What the command line reads of the words after its options. Each throws: InvalidArgumentError.

/** A whole number from 1. */
export function wholeNumber(value: string): number {
  const number = Number(value);
  if (Number.isSafeInteger(number) && number >= 1) return number;
  throw new InvalidArgumentError("It takes a whole number from 1.");
}

/** The name of a handbook. */
export function handbookSlug(value: string): string {
  const parsed = HandbookSlug.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new InvalidArgumentError("It takes lower-case letters, digits and single dashes.");
}

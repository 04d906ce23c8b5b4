import { HandbookError } from "../errors.ts";

/** Throws: BAD_CONFIG for what is set and is no address on the web. */
export function checkUrl(name: string, url: string | undefined): void {
  if (url === undefined || /^https?:\/\//.test(url)) return;
  throw new HandbookError("BAD_CONFIG", `${name} is not valid: it must begin with http:// or https://`, {
    fix: "Correct it or unset it",
  });
}

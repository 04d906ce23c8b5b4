import { existsSync } from "node:fs";

/** A browser to look at pages with; undefined where there is none. */
export const chromium = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(
  (path) => existsSync(path),
);

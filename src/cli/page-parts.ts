import { STYLE } from "./report-page-style.ts";
import type { Rows } from "./report-tables.ts";

/** A whole page: no script, nothing from elsewhere. */
export function page(title: string, parts: readonly string[]): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
${parts.join("\n")}
</main>
</body>
</html>
`;
}

export function section(title: string, ...parts: string[]): string {
  return `<section><h2>${escaped(title)}</h2>\n${parts.join("\n")}</section>`;
}

/** The picture, named by its caption and told in words to those who do not see it. */
export function figure(svg: string, caption: string, words: string): string {
  const name = escaped(`${caption}. ${words}`.replaceAll("`", ""));
  const named = svg
    .replace(/^<svg /, `<svg role="img" aria-label="${name}" `)
    .replace(/^(<svg[^>]*>)/, `$1<title>${escaped(caption)}</title>`);
  return `<figure>${named}<figcaption>${escaped(caption)}</figcaption></figure>`;
}

export function table([head = [], ...rows]: Rows): string {
  const cells = (row: readonly string[], tag: "th" | "td") =>
    row
      .map((cell, i) =>
        i === 0 && tag === "td"
          ? `<th scope="row">${escaped(cell)}</th>`
          : `<${tag}${tag === "th" ? ' scope="col"' : ""}>${escaped(cell)}</${tag}>`,
      )
      .join("");
  const body = rows.map((row) => `<tr>${cells(row, "td")}</tr>`).join("");
  return `<div class="table"><table><thead><tr>${cells(head, "th")}</tr></thead><tbody>${body}</tbody></table></div>`;
}

const ENTITIES: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** A sentence, with its commands set as such. */
export function prose(text: string): string {
  return escaped(text).replace(/`([^`]+)`/g, "<code>$1</code>");
}

export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
}

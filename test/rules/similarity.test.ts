import { describe, expect, test } from "vitest";
import { similarity } from "../../src/rules/similarity.ts";

describe("instructions that share nearly all words have nothing in common when", () => {
  test.each([
    ["play_count is read from show_song for each song", "like_count is read from show_song for each song"],
    ["call show_album_library() for the song ids", "call show_album() for the song ids"],
    ["sort by releaseDate and take the song", "sort by addedDate and take the song"],
    ["collect the songs and take the newest", "collect the songs and take the oldest"],
    ["count plays and name the most played song", "count plays and name the least played song"],
    ["keep adding rows to the library table", "keep removing rows from the library table"],
    ["set max_depth of the search tree", "set min_depth of the search tree"],
    ["increasing sequences have a bound", "decreasing sequences have a bound"],
    ["compute the discriminant and look at its sign", "never compute the discriminant, look at its sign"],
  ])("%s | %s", (a, b) => {
    expect(similarity(a, b)).toBe(0);
    expect(similarity(b, a)).toBe(0);
  });
});

describe("they are alike when", () => {
  test.each([
    [
      "only one names an identifier",
      "use show_song() to read the play count",
      "use show_song to read the play count",
    ],
    [
      "both name both opposites",
      "compare the first row with the last row",
      "compare the last row with the first row",
    ],
    ["one says what to replace", "read ids from the library", "read ids from the library instead of albums"],
    [
      "a plural stands in brackets",
      "close the file(s) after reading rows",
      "close the socket(s), file(s) after reading rows",
    ],
  ])("%s", (_, a, b) => {
    expect(similarity(a, b)).toBeGreaterThan(0.5);
  });
});

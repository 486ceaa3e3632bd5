import * as fc from "fast-check";

/** What people and machines put into a line to break out of it. */
const NASTY = [
  "\0",
  "\n",
  "\r\n",
  "\u0085",
  "\u2028",
  "\u2029",
  "\u001b[2J",
  "\u202e",
  "\u200e",
  "\u200d",
  "\ufeff",
  "\ue000",
  "\ue028",
  "\uffff",
  "\ud800",
  "\udc00",
  '"',
  '\\"',
  "\\",
  "\\\\",
  ";",
  "#",
  "%!",
  "%+",
  "`quit`",
  "quit",
  " ",
  "é",
  "e\u0301",
  "👨‍👩‍👧‍👦",
  "🏳️‍🌈",
  "नमस्ते",
] as const;

/** Lines of all sorts; some far longer than any limit. */
export const hostileLine: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: "binary", maxLength: 64 }),
  fc.string({ unit: "grapheme", maxLength: 600 }),
  fc
    .array(fc.oneof(fc.constantFrom(...NASTY), fc.string({ unit: "binary", maxLength: 3 })), {
      maxLength: 40,
    })
    .map((parts) => parts.join("")),
  fc
    .tuple(fc.constantFrom(...NASTY), fc.integer({ min: 1, max: 2000 }))
    .map(([part, times]) => part.repeat(times)),
);

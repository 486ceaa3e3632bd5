/** The fixed Huffman code with which Teeworlds packs what it sends. */

/** All codes in the order of their bits: of each its length, as one hexadecimal digit, and its byte; `..` ends a packet. */
const CODES = [
  "580718ce5cd4cf5ceec74c3accbc799b491ba4daad924a93a588b0a47b72c71c399b2814401508a8ba54",
  "9b88499b1ce8ce1cefcebcd7c7dcdecdd9aed7ad63cfdc38ceaaab91699898c92cb3dc6dc5dce3c73c3b",
  "d67d669be80e9a5aa7a4c921a8fa437099929829559207539babd8c61c35cf6ce0df1d7fcfbc65c64cca",
  "cc4a9f99e712a46b34cc7cc29199bc941917a48cd1ccdd5ede4cdb9a098e50291a92a8ff986c3fcf4b59",
  "ccfcc1cf3cd09ac99c99698a927a45a9970c91c9b6925a95c37d5af..f77ef8cd6ccc84081e99aa4aabf",
  "91394b710b57de7ddccfeaa19849aaa44d60d5fd6bd6ac5bcf2988a42a339a8926829b56cd3d70d5cb9b",
  "cc5cc092270a694cedcd9b4ebb5b97990911cd5cd2d3edfccdfa2371d8039a6a2faa9728806cc9d6fd62",
  "d7cd75cc3a2d9a470560dabda2ea1fbb9bb7b50e6ce7edfaccebb3b87ddad7bde9de2d69d68d78d6ea30",
  "80790fb85bbbaa3604b52cc6decd3cb89b9da31aa2a32df9df7cc8d36e76ef0ce6a15bafb51b91b8da81",
  "a2bb83b4f80b100",
].join("");

const END = 256;

/** What each code stands for, by its bits as text. */
const SYMBOLS = symbols();

function symbols(): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  // The codes are complete and sorted, so each is the one before it plus one, at its own length.
  let next = 0;
  for (const [, digit = "", symbol = ""] of CODES.matchAll(/(.)(..)/g)) {
    const bits = Number.parseInt(digit, 16);
    const code = Math.floor(next * 2 ** bits);
    found.set(
      code.toString(2).padStart(bits, "0"),
      symbol === ".." ? END : Number.parseInt(symbol, 16),
    );
    next = (code + 1) / 2 ** bits;
  }
  return found;
}

/** @throws {Error} if it does not end as a packed packet does */
export function unpacked(packed: Uint8Array): Uint8Array {
  const bytes: number[] = [];
  let code = "";
  for (const byte of packed) {
    for (let bit = 0; bit < 8; bit++) {
      code += (byte >> bit) & 1;
      const symbol = SYMBOLS.get(code);
      if (symbol === undefined) continue;
      if (symbol === END) return Uint8Array.from(bytes);
      bytes.push(symbol);
      code = "";
    }
  }
  throw new Error("a packed packet of Teeworlds has no end");
}

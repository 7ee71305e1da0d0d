const SPACE = 0x20;

/**
 * The folded form of each UTF-16 unit: lower case, without accents, with plain apostrophes,
 * ligatures split. Everything except Latin letters and digits becomes a space, and so a word
 * boundary.
 */
const FOLDED: readonly string[] = Array.from({ length: 0x250 }, (_, unit) => {
  const letter = String.fromCharCode(unit).toLowerCase().replace('œ', 'oe').replace('æ', 'ae');
  const bare = letter.normalize('NFD').replace(/\p{M}/gu, '');
  return /^[a-z0-9]+$/.test(bare) ? bare : ' ';
});

/**
 * Folds text for searches: ASCII words of lower-case letters and digits, one byte each. One table
 * look-up for each unit folds the 23 million characters of four codes in a fraction of a second.
 */
export function fold(text: string): Buffer {
  // A ligature becomes two letters; nothing becomes longer.
  const bytes = Buffer.allocUnsafe(text.length * 2);
  let length = 0;
  for (let i = 0; i < text.length; i += 1) {
    const folded = FOLDED[text.charCodeAt(i)] ?? ' ';
    bytes[length] = folded.charCodeAt(0);
    length += 1;
    if (folded.length > 1) {
      bytes[length] = folded.charCodeAt(1);
      length += 1;
    }
  }
  return bytes.subarray(0, length);
}

/** The words of a query value, folded like the texts. */
export function foldedWords(value: string): string[] {
  return fold(value)
    .toString('latin1')
    .split(' ')
    .filter((word) => word !== '');
}

/**
 * The position of a whole word, or a sequence of whole words, at or after `from`; -1 if there is
 * none.
 */
export function indexOfWord(bytes: Buffer, word: Buffer, from: number): number {
  let at = bytes.indexOf(word, from);
  while (at !== -1) {
    const end = at + word.length;
    if (isBoundary(bytes[at - 1]) && isBoundary(bytes[end])) return at;
    at = bytes.indexOf(word, at + 1);
  }
  return -1;
}

function isBoundary(byte: number | undefined): boolean {
  return byte === undefined || byte === SPACE;
}

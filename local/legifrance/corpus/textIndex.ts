import { fold, indexOfWord } from './fold.ts';

/** Number of cached results; a search session repeats one or two words. */
const CACHED_PHRASES = 64;

/**
 * Finds the texts that contain a word. All texts are in one buffer outside the heap, folded, so a
 * search is one pass of native `indexOf` (10 ms for 29,000 articles). Its result is cached until a
 * text changes.
 */
export class TextIndex {
  readonly #bytes: Buffer;
  /** The start of each text, and the end of the last one. */
  readonly #starts: Uint32Array;
  /** Changed texts, by ordinal; they replace the text in the buffer. */
  readonly #changed = new Map<number, Buffer>();
  readonly #found = new Map<string, ReadonlySet<number>>();

  constructor(texts: readonly Buffer[]) {
    this.#starts = new Uint32Array(texts.length + 1);
    let length = 0;
    texts.forEach((text, ordinal) => {
      this.#starts[ordinal] = length;
      length += text.length + 1;
    });
    this.#starts[texts.length] = length;
    // A space after each text ends its last word. The scan ignores matches that cross it.
    this.#bytes = Buffer.alloc(length, ' ');
    texts.forEach((text, ordinal) => text.copy(this.#bytes, this.#start(ordinal)));
  }

  /** Replaces one text. */
  change(ordinal: number, text: string): void {
    this.#changed.set(ordinal, fold(text));
    this.#found.clear();
  }

  /** Ordinals of the texts that contain a folded word or sequence of words. */
  ordinalsWith(phrase: string): ReadonlySet<number> {
    const known = this.#found.get(phrase);
    if (known !== undefined) return known;
    const found = this.#scan(Buffer.from(phrase, 'latin1'));
    const oldest = this.#found.keys().next();
    if (this.#found.size >= CACHED_PHRASES && oldest.done !== true) this.#found.delete(oldest.value);
    this.#found.set(phrase, found);
    return found;
  }

  #scan(phrase: Buffer): ReadonlySet<number> {
    const found = new Set<number>();
    if (phrase.length === 0) return found;
    let at = indexOfWord(this.#bytes, phrase, 0);
    while (at !== -1) {
      const ordinal = this.#ordinalAt(at);
      const next = this.#start(ordinal + 1);
      const inside = at + phrase.length < next;
      if (inside && !this.#changed.has(ordinal)) found.add(ordinal);
      // Skips the rest of the text after a match. Otherwise continues one byte later, because the
      // phrase may still occur in it.
      at = indexOfWord(this.#bytes, phrase, inside ? next : at + 1);
    }
    for (const [ordinal, text] of this.#changed) if (indexOfWord(text, phrase, 0) !== -1) found.add(ordinal);
    return found;
  }

  /** The text that contains a byte: the last one that starts at or before it. */
  #ordinalAt(position: number): number {
    let low = 0;
    let high = this.#starts.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (this.#start(middle) <= position) low = middle;
      else high = middle;
    }
    return low;
  }

  #start(ordinal: number): number {
    return this.#starts[ordinal] ?? this.#bytes.length;
  }
}

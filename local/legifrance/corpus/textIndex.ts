import { fold, indexOfWord } from './fold.ts';

/** Results kept; a search session asks for one or two words over and over. */
const CACHED_PHRASES = 64;

/**
 * Finds the texts that contain a word. All texts lie folded in one buffer outside the heap, so a search is one pass of
 * native `indexOf` (10 ms for 29,000 articles), and its result is kept until a text changes.
 */
export class TextIndex {
  readonly #bytes: Buffer;
  /** Where each text starts, and one more for the end. */
  readonly #starts: Uint32Array;
  /** Texts that have changed since, by ordinal; what the buffer has for them no longer counts. */
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
    // A space after each text ends its last word; a phrase that reaches over it is sorted out in the scan.
    this.#bytes = Buffer.alloc(length, ' ');
    texts.forEach((text, ordinal) => text.copy(this.#bytes, this.#start(ordinal)));
  }

  /** Replaces one text. */
  change(ordinal: number, text: string): void {
    this.#changed.set(ordinal, fold(text));
    this.#found.clear();
  }

  /** Ordinals of the texts that contain a folded word or run of words. */
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
      // Past this text when it is settled; else only one byte on, since the phrase may still begin later in it.
      at = indexOfWord(this.#bytes, phrase, inside ? next : at + 1);
    }
    for (const [ordinal, text] of this.#changed) if (indexOfWord(text, phrase, 0) !== -1) found.add(ordinal);
    return found;
  }

  /** The text that holds a byte: the last one that starts at or before it. */
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

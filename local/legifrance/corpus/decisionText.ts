import { createRandom, hash, type Random } from './random.ts';
import { paragraph } from './text.ts';

/**
 * Number of distinct paragraphs. With some 50 in a decision, no two decisions have the same text.
 */
const PARAGRAPHS = 400;
const URBANISME_PARAGRAPHS = 40;
/** Number of paragraphs on urbanisme in a decision about it. */
const URBANISME_PER_DECISION = 3;

/**
 * Sizes of whole answers in bytes: log-normal with a mean of 105 KB, cut at 20 and 400 KB. The
 * location is `ln(mean) - sigma²/2`; the cuts change the mean by less than 1 %.
 */
const MEAN_BYTES = 105_000;
const SIGMA = 0.6;
const MIN_BYTES = 20_000;
const MAX_BYTES = 400_000;
const LOCATION = Math.log(MEAN_BYTES) - SIGMA ** 2 / 2;

/** Approximate size of the metadata in an answer. */
const ENVELOPE_BYTES = 4_500;

/** A paragraph, encoded once for the JSON strings `texte` and `texteHtml`. */
interface Piece {
  readonly plain: Buffer;
  readonly html: Buffer;
}

/** The two texts of a decision, as pieces of JSON strings without their quotes. */
interface DecisionText {
  readonly plain: readonly Buffer[];
  readonly html: readonly Buffer[];
}

/**
 * Writes decisions. Escaping and encoding 105 KB for each decision would cost more than everything
 * else in the simulator. Paragraphs are therefore escaped and encoded once, and a decision is a
 * concatenation of them: several thousand a second on one core.
 */
export class DecisionWriter {
  readonly #common: readonly Piece[];
  readonly #urbanisme: readonly Piece[];

  constructor(seed: number) {
    const random = createRandom(hash(seed, 0, 7));
    this.#common = Array.from({ length: PARAGRAPHS }, () => pieceOf(paragraph(random, false)));
    this.#urbanisme = Array.from({ length: URBANISME_PARAGRAPHS }, () => pieceOf(paragraph(random, true)));
  }

  /**
   * @param random the decision's own random source: the same source gives the same text.
   * @param opening the first paragraph, which names the parties.
   * @param closing the last paragraph, in which a revised decision differs.
   */
  write(random: Random, urbanisme: boolean, opening: string, closing: string): DecisionText {
    const pieces = [pieceOf(opening)];
    const add = (piece: Piece | undefined) => (piece === undefined ? 0 : pieces.push(piece));
    const target = sizeOf(random) - ENVELOPE_BYTES;
    if (urbanisme) {
      const first = Math.floor(random() * this.#urbanisme.length);
      for (let i = 0; i < URBANISME_PER_DECISION; i += 1)
        add(this.#urbanisme[(first + i) % this.#urbanisme.length]);
    }
    let size = pieces.reduce((sum, piece) => sum + sizeOfPiece(piece), 0);
    while (size < target) {
      const piece = this.#common[Math.floor(random() * this.#common.length)];
      if (piece === undefined) break;
      add(piece);
      size += sizeOfPiece(piece);
    }
    add(pieceOf(closing));
    return { plain: pieces.map((piece) => piece.plain), html: pieces.map((piece) => piece.html) };
  }
}

/** Text between the quotes of a JSON string. */
function escaped(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

function pieceOf(text: string): Piece {
  return { plain: Buffer.from(escaped(`${text} `)), html: Buffer.from(escaped(`${text}<br/><br/>\n`)) };
}

function sizeOfPiece(piece: Piece): number {
  return piece.plain.length + piece.html.length;
}

function sizeOf(random: Random): number {
  // Box-Muller; 1 - random() keeps the logarithm away from zero.
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Math.min(MAX_BYTES, Math.max(MIN_BYTES, Math.exp(LOCATION + SIGMA * normal)));
}

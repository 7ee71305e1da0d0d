import { MAX_DECISIONS, type Settings } from '../options.ts';
import { dayNumber, DAY_MS, frenchDay } from './dates.ts';
import { hash } from './random.ts';

/** Number in the first decision's id; `CETATEXT000050000000` looks like a recent id. */
const FIRST_ID = 50_000_000;
/** Days from a decision to its addition to the fond; constant, so that both dates sort alike. */
const DAYS_TO_DEPOSIT = 21;
const COURTS = [
  'BORDEAUX',
  'DOUAI',
  'LYON',
  'MARSEILLE',
  'NANCY',
  'NANTES',
  'PARIS',
  'TOULOUSE',
  'VERSAILLES',
];

/** Salts that keep one property of a decision independent of the others. */
const SALT = { urbanisme: 1, court: 2, chamber: 3, level: 4 };

/**
 * The decisions that a query selects: a word occurs in all decisions, in one class, or in none.
 */
export type DecisionClass = 'all' | 'urbanisme' | 'other' | 'none';

/** Metadata of a decision, computed from its index alone. */
export interface Decision {
  readonly index: number;
  readonly id: string;
  readonly urbanisme: boolean;
  readonly title: string;
  readonly number: string;
  readonly court: string;
  readonly courtKind: 'CONSEIL_ETAT' | 'COURS_APPEL';
  readonly chamber: string;
  /** Epoch ms. */
  readonly date: number;
  readonly depositDate: number;
  /** How often it has been revised since the start. */
  readonly revision: number;
}

interface Delivery {
  readonly first: number;
  readonly day: number;
}

/**
 * Generated decisions, sorted by date. A range of dates is a range of indices, so a binary search
 * gives the total and the pages of any query. Texts are generated on consult. A decision needs four
 * bytes of memory for each class in use.
 */
export class DecisionCorpus {
  readonly seed: number;
  readonly #share: number;
  readonly #initial: number;
  readonly #firstDay: number;
  readonly #days: number;
  /** Decisions added after the start. Each delivery has its own day, after all earlier ones. */
  readonly #deliveries: Delivery[] = [];
  readonly #removed = new Set<number>();
  readonly #revisions = new Map<number, number>();
  readonly #selections = new Map<DecisionClass, Uint32Array>();
  #count: number;

  constructor(settings: Pick<Settings, 'decisions' | 'decisionDates' | 'urbanismeShare' | 'seed'>) {
    this.seed = settings.seed;
    this.#share = settings.urbanismeShare * 0x1_0000_0000;
    this.#initial = settings.decisions;
    this.#count = settings.decisions;
    this.#firstDay = dayNumber(settings.decisionDates.start);
    this.#days = dayNumber(settings.decisionDates.end) - this.#firstDay + 1;
  }

  /** Number of decisions that have not been removed. */
  get count(): number {
    return this.#count - this.#removed.size;
  }

  /** A decision by its id, if it exists and has not been removed. */
  find(id: string): Decision | undefined {
    const match = /^CETATEXT(\d{12})$/.exec(id);
    const index = match === null ? -1 : Number(match[1]) - FIRST_ID;
    return index < 0 || index >= this.#count || this.#removed.has(index) ? undefined : this.at(index);
  }

  /** The decision at an index, from 0. */
  at(index: number): Decision {
    const date = this.#dayOf(index) * DAY_MS;
    const chamber = `${1 + (hash(this.seed, index, SALT.chamber) % 8)}ème chambre`;
    const council = hash(this.seed, index, SALT.level) % 4 === 0;
    const city = COURTS[hash(this.seed, index, SALT.court) % COURTS.length] ?? 'PARIS';
    const court = council ? "Conseil d'État" : `CAA de ${city}`;
    const year = new Date(date).getUTCFullYear() % 100;
    const number = council
      ? String(300_000 + index)
      : `${String(year).padStart(2, '0')}${city.slice(0, 2)}${String(index % 100_000).padStart(5, '0')}`;
    return {
      index,
      id: `CETATEXT${String(FIRST_ID + index).padStart(12, '0')}`,
      urbanisme: this.#isUrbanisme(index),
      title: `${court}, ${chamber}, ${frenchDay(date)}, ${number}`,
      number,
      court,
      courtKind: council ? 'CONSEIL_ETAT' : 'COURS_APPEL',
      chamber,
      date,
      depositDate: date + DAYS_TO_DEPOSIT * DAY_MS,
      revision: this.#revisions.get(index) ?? 0,
    };
  }

  /**
   * Indices of the decisions of a class within the ranges, ascending; a view, not a copy.
   *
   * @param dates range of the decision's date, in days since 1970, both ends included.
   * @param deposits the same for its addition to the fond.
   */
  select(wanted: DecisionClass, dates: DayRange, deposits: DayRange): Uint32Array {
    const from = Math.max(dates.from, deposits.from - DAYS_TO_DEPOSIT);
    const to = Math.min(dates.to, deposits.to - DAYS_TO_DEPOSIT);
    const indices = this.#selection(wanted);
    const start = this.#firstAtOrAfter(indices, from);
    return indices.subarray(start, Math.max(start, this.#firstAtOrAfter(indices, to + 1)));
  }

  /**
   * Adds decisions, dated the day after the last one.
   *
   * @returns the first and the last id.
   * @throws RangeError if the corpus would exceed its limit.
   */
  add(count: number): { readonly first: string; readonly last: string } {
    if (this.#count + count > MAX_DECISIONS) {
      throw new RangeError(
        `${count} more decisions would make ${this.#count + count}; the simulator holds at most ${MAX_DECISIONS}. ` +
          'Restart it with fewer.',
      );
    }
    const lastDay = this.#deliveries.at(-1)?.day ?? this.#firstDay + this.#days - 1;
    this.#deliveries.push({ first: this.#count, day: lastDay + 1 });
    const first = this.#count;
    this.#count += count;
    this.#selections.clear();
    return { first: this.at(first).id, last: this.at(this.#count - 1).id };
  }

  /** Changes a decision's text. Returns false for an unknown id. */
  revise(id: string): boolean {
    const decision = this.find(id);
    if (decision === undefined) return false;
    this.#revisions.set(decision.index, decision.revision + 1);
    return true;
  }

  /** Removes a decision from every answer. Returns false for an unknown id. */
  remove(id: string): boolean {
    const decision = this.find(id);
    if (decision === undefined) return false;
    this.#removed.add(decision.index);
    this.#selections.clear();
    return true;
  }

  #isUrbanisme(index: number): boolean {
    return hash(this.seed, index, SALT.urbanisme) < this.#share;
  }

  #dayOf(index: number): number {
    if (index < this.#initial) return this.#firstDay + Math.floor((index * this.#days) / this.#initial);
    return this.#deliveries.findLast((delivery) => delivery.first <= index)?.day ?? this.#firstDay;
  }

  #selection(wanted: DecisionClass): Uint32Array {
    const known = this.#selections.get(wanted);
    if (known !== undefined) return known;
    const indices = new Uint32Array(wanted === 'none' ? 0 : this.#count);
    let length = 0;
    for (let index = 0; index < indices.length; index += 1) {
      if (this.#removed.has(index)) continue;
      if (wanted !== 'all' && this.#isUrbanisme(index) !== (wanted === 'urbanisme')) continue;
      indices[length] = index;
      length += 1;
    }
    const selection = indices.slice(0, length);
    this.#selections.set(wanted, selection);
    return selection;
  }

  #firstAtOrAfter(indices: Uint32Array, day: number): number {
    let low = 0;
    let high = indices.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#dayOf(indices[middle] ?? 0) < day) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Days since 1970, both ends included; infinite if there is no limit. */
export interface DayRange {
  readonly from: number;
  readonly to: number;
}
export const ANY_DAY: DayRange = { from: -Infinity, to: Infinity };

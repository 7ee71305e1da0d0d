import { createRandom, pick, type Random } from '../../local/legifrance/corpus/random.ts';

/**
 * Faults of each port. A fault of a service lasts for its whole time. A kill is one signal, and its
 * time is what the part needs to come back.
 */
export const FAULTS = {
  legifrance: ['throttled', 'failing', 'unavailable', 'hanging', 'cut'],
  supabase: ['unavailable', 'bad gateway', 'cut before', 'cut after', 'slow'],
  postgres: ['sessions terminated', 'immediate stop'],
  temporal: ['SIGKILL'],
  worker: ['SIGTERM', 'SIGKILL'],
} as const;

export type Port = keyof typeof FAULTS;
export type FaultKind = (typeof FAULTS)[Port][number];

/** A fault at a moment of the run. */
export interface PlannedFault {
  /** Seconds after the beginning. */
  readonly atSeconds: number;
  readonly seconds: number;
  readonly port: Port;
  readonly kind: FaultKind;
}

/** Faults that end a process. */
const KILLS: ReadonlySet<FaultKind> = new Set(['immediate stop', 'SIGTERM', 'SIGKILL']);

/** Whether a fault ends a process. */
export const isKill = ({ kind }: Pick<PlannedFault, 'kind'>): boolean => KILLS.has(kind);

/** The first documents are collected before the first fault. */
const FIRST_AT_SECONDS = 10;
/** After the last fault, retries with the shortest delays still happen under load. */
const QUIET_SECONDS = 10;

/** Long enough to fail several attempts, and short enough for many faults. */
const FAULT_SECONDS = { from: 3, to: 12 } as const;

/** Time until the next fault. A killed worker is noticed after 15 s, so some faults meet its work. */
const GAP_SECONDS = { from: 5, to: 15 } as const;

/**
 * Draws the faults of a run, one at a time. All ports take turns in random order, so that no part
 * dies several times within a minute: the supervisor would give up.
 *
 * Processes are killed in the second half only. In the first half, they live long enough to measure
 * whether their memory grows.
 *
 * @param seconds length of the run
 */
export function planFaults(seed: number, seconds: number): readonly PlannedFault[] {
  const random = createRandom(seed);
  const plan: PlannedFault[] = [];
  let deck: Port[] = [];
  let atSeconds = FIRST_AT_SECONDS;
  for (;;) {
    const mayKill = atSeconds >= seconds / 2;
    if (deck.length === 0) deck = shuffled(portsFor(mayKill), random);
    const port = deck.pop() ?? 'legifrance';
    const kinds = FAULTS[port].filter((kind) => mayKill || !KILLS.has(kind));
    const duration = between(random, FAULT_SECONDS);
    if (atSeconds + duration > seconds - QUIET_SECONDS) return plan;
    plan.push({ atSeconds, seconds: duration, port, kind: pick<FaultKind>(random, kinds) });
    atSeconds += duration + between(random, GAP_SECONDS);
  }
}

function portsFor(mayKill: boolean): Port[] {
  const ports = Object.keys(FAULTS) as Port[];
  return ports.filter((port) => mayKill || FAULTS[port].some((kind) => !KILLS.has(kind)));
}

/** A whole number of seconds within bounds, both included. */
function between(random: Random, { from, to }: { readonly from: number; readonly to: number }): number {
  return from + Math.floor(random() * (to - from + 1));
}

/** In random order. */
function shuffled<T>(items: readonly T[], random: Random): T[] {
  return items
    .map((item) => ({ item, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

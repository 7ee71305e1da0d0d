import { chaosSetting } from './settings.ts';
import { play, type Outcome, type Turn } from './race/actor.ts';
import { collect, list, maintain } from './race/collectors.ts';
import { backfill, kill, repair, vandalise } from './race/operators.ts';
import { settle, violations } from './race/verdict.ts';
import { poll } from './race/pollers.ts';
import { claim } from './race/workers.ts';
import { openWorld, type World } from './race/world.ts';

const SECONDS = Number(process.env['RACE_SECONDS'] ?? 300);

/** Each in a session of its own, all against the same 120 documents. */
const ACTORS: readonly (readonly [kind: string, turn: Turn, sessions: number])[] = [
  ['collector', collect, 3],
  ['maintenance', maintain, 1],
  ['lister', list, 2],
  ['claimer', claim, 4],
  ['poller', poll, 3],
  ['repairer', repair, 1],
  ['backfill', backfill, 2],
  ['vandal', vandalise, 1],
  ['killer', kill, 1],
];

let world: World;

beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

it(
  `all functions of the database at once, for ${SECONDS} s: nothing is lost, nothing is stuck, nobody deadlocks`,
  async () => {
    const seed = chaosSetting('seed');
    const end = performance.now() + SECONDS * 1_000;
    const over = (): boolean => performance.now() > end;
    const players = ACTORS.flatMap(([kind, turn, sessions]) =>
      Array.from({ length: sessions }, async (_, n): Promise<readonly [string, Outcome]> => [
        kind,
        await play(world, seed, `${kind}-${n}`, turn, over),
      ]),
    );
    const outcomes = await Promise.all(players);
    expect(outcomes.flatMap(([, { unexpected }]) => unexpected)).toEqual([]);
    // Everybody has played, and was killed in between: an idle race would prove nothing.
    const turns = new Map<string, number>();
    for (const [kind, outcome] of outcomes) turns.set(kind, (turns.get(kind) ?? 0) + outcome.turns);
    const killed = outcomes.reduce((sum, [, outcome]) => sum + outcome.killed, 0);
    process.stderr.write(`turns: ${JSON.stringify(Object.fromEntries(turns))}, killed: ${killed}\n`);
    for (const [kind] of ACTORS) expect(turns.get(kind)).toBeGreaterThan(0);
    expect(killed).toBeGreaterThan(0);

    await settle(world);
    for (const [what, found] of Object.entries(await violations(world)))
      expect({ what, found }).toEqual({ what, found: [] });
  },
  (SECONDS + 120) * 1_000,
);

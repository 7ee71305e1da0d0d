import { Client, DatabaseError } from 'pg';
import { Dice, type World } from './world.ts';

/** What an actor may do: SQL in its own session, and chance. */
export interface Stage {
  readonly name: string;
  readonly dice: Dice;
  readonly world: World;
  /** One statement, in the actor's session, which somebody may cancel or kill at any moment. */
  readonly call: <T>(text: string, values?: readonly unknown[]) => Promise<readonly T[]>;
}

/** One turn of an actor. */
export type Turn = (stage: Stage) => Promise<void>;

/** Ended by the killer: expected, and the actor continues in a new session. */
const KILLED: ReadonlySet<string> = new Set(['57014', '57P01']);

export interface Outcome {
  readonly turns: number;
  readonly killed: number;
  /** Errors that nobody should meet, deadlocks above all. */
  readonly unexpected: readonly string[];
}

/** Plays one actor until it is time to end: turn after turn, in a session of its own. */
export async function play(
  world: World,
  seed: string,
  name: string,
  turn: Turn,
  over: () => boolean,
): Promise<Outcome> {
  const dice = new Dice(`${seed} ${name}`);
  const unexpected: string[] = [];
  let turns = 0;
  let killed = 0;
  while (!over()) {
    const client = new Client({ connectionString: world.url, application_name: `race ${name}` });
    client.on('error', () => undefined);
    await client.connect();
    const call: Stage['call'] = async <T>(text: string, values: readonly unknown[] = []) =>
      (await client.query(text, [...values])).rows as T[];
    try {
      while (!over()) {
        await turn({ name, dice, world, call });
        turns += 1;
      }
    } catch (error) {
      if (isKill(error)) killed += 1;
      else unexpected.push(`${name}: ${describe(error)}`);
    } finally {
      await client.end().catch(() => undefined);
    }
  }
  return { turns, killed, unexpected };
}

/** A session that was terminated says so, or is just gone. */
export function isKill(error: unknown): boolean {
  if (error instanceof DatabaseError) return KILLED.has(error.code ?? '');
  return error instanceof Error && /Connection terminated|not queryable|ECONNRESET/.test(error.message);
}

function describe(error: unknown): string {
  if (!(error instanceof DatabaseError)) return String(error);
  return `${error.code ?? ''} ${error.message} ${error.where ?? ''}`.slice(0, 400);
}

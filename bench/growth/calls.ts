import { escapeLiteral, type Client } from 'pg';
import { median, round } from '../support/figures.ts';
import type { GrowthCase } from './case.ts';

export interface GrowthFigures {
  readonly ms: number;
  /** Pages of 8 KB that the call accessed, in memory or not, including all statements inside it. */
  readonly buffers: number;
}

const CALLS = 5;

/**
 * Checks the effect of a call, and measures it five times.
 *
 * @throws Error with the answer, if it is not the expected one
 */
export async function measureCase(client: Client, one: GrowthCase): Promise<GrowthFigures> {
  await inTransaction(client, one, (call) => checkAnswer(client, one, call));
  const figures: GrowthFigures[] = [];
  for (let call = 0; call < CALLS; call += 1) {
    figures.push(await inTransaction(client, one, (sql) => explain(client, sql)));
  }
  return {
    ms: round(median(figures, ({ ms }) => ms).ms, 2),
    buffers: median(figures, ({ buffers }) => buffers).buffers,
  };
}

async function inTransaction<T>(
  client: Client,
  { before, given, call, after }: GrowthCase,
  work: (call: string) => Promise<T>,
): Promise<T> {
  await client.query('begin');
  try {
    if (before !== undefined) await client.query(before);
    return await work(await fillIn(client, call, given ?? {}));
  } finally {
    await client.query('rollback');
    if (after !== undefined) await client.query(after);
  }
}

async function fillIn(
  client: Client,
  call: string,
  given: Readonly<Record<string, string>>,
): Promise<string> {
  let filled = call;
  for (const [name, sql] of Object.entries(given)) {
    const { rows } = await client.query<{ value: string }>(`select (${sql})::text as value`);
    const literal = escapeLiteral(rows[0]?.value ?? '');
    filled = filled.replaceAll(`{${name}}`, () => literal);
  }
  return filled;
}

async function checkAnswer(client: Client, { name, expect }: GrowthCase, call: string): Promise<void> {
  const { rows } = await client.query<{ answer: unknown; expected: boolean }>(
    `select a as answer, ${expect} as expected from (select ${call}) as t (a)`,
  );
  if (rows[0]?.expected !== true) {
    throw new Error(`${name} answered ${JSON.stringify(rows[0]?.answer ?? null).slice(0, 500)}`);
  }
}

async function explain(client: Client, call: string): Promise<GrowthFigures> {
  const { rows } = await client.query<{ 'QUERY PLAN': [Explained] }>(
    `explain (analyze, buffers, format json) select ${call}`,
  );
  const explained = rows[0]?.['QUERY PLAN'][0];
  if (explained === undefined) throw new Error(`no plan of ${call}`);
  const { Plan: plan } = explained;
  return { ms: explained['Execution Time'], buffers: plan['Shared Hit Blocks'] + plan['Shared Read Blocks'] };
}

interface Explained {
  readonly Plan: { readonly 'Shared Hit Blocks': number; readonly 'Shared Read Blocks': number };
  readonly 'Execution Time': number;
}

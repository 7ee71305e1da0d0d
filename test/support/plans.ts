import type { Client } from 'pg';
import { withSession } from './sessions.ts';
import type { SupabaseStack } from './supabase.ts';

/** One statement that ran inside a function, as `auto_explain` shows it. */
export interface NestedPlan {
  readonly query: string;
  /**
   * Each node of the plan, from the top: its type, and the table that it reads, as in `Index Scan
   * documents`.
   */
  readonly nodes: readonly string[];
}

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly Plans?: readonly PlanNode[];
}

/** What one call read. */
export interface Reading {
  /** Pages of 8 KB that the call asked for, in memory or not; all statements inside it count. */
  readonly buffers: number;
  readonly plans: readonly NestedPlan[];
}

/**
 * Makes the session report the plan of every statement, also inside functions. Needs a superuser.
 */
async function watchPlans(client: Client): Promise<void> {
  await client.query(`load 'auto_explain';
    set auto_explain.log_min_duration = 0; set auto_explain.log_nested_statements = on;
    set auto_explain.log_analyze = on; set auto_explain.log_buffers = on; set auto_explain.log_timing = off;
    set auto_explain.log_format = json; set client_min_messages = log`);
}

/**
 * Runs `call` in a session that {@link watchPlans} has prepared. The caller rolls its effects back.
 */
export async function readingOf(client: Client, call: string): Promise<Reading> {
  const plans: NestedPlan[] = [];
  const listen = ({ message = '' }: { message?: string | undefined }): void => {
    const [, json] = /plan:\n([\s\S]*)$/.exec(message) ?? [];
    if (json === undefined) return;
    const { 'Query Text': query, Plan } = JSON.parse(json) as { 'Query Text': string; Plan: PlanNode };
    plans.push({ query, nodes: nodesOf(Plan) });
  };
  client.on('notice', listen);
  try {
    const { rows } = await client.query<{
      'QUERY PLAN': [{ Plan: { 'Shared Hit Blocks': number; 'Shared Read Blocks': number } }];
    }>(`explain (analyze, buffers, format json) ${call}`);
    const top = rows[0]?.['QUERY PLAN'][0].Plan;
    return { buffers: (top?.['Shared Hit Blocks'] ?? 0) + (top?.['Shared Read Blocks'] ?? 0), plans };
  } finally {
    client.off('notice', listen);
  }
}

function nodesOf(node: PlanNode): string[] {
  const own = [node['Node Type'], node['Relation Name']].filter((part) => part !== undefined).join(' ');
  return [own, ...(node.Plans ?? []).flatMap(nodesOf)];
}

/** The nodes, of all statements, that one of the patterns matches. */
export function nodesLike({ plans }: Reading, ...patterns: readonly RegExp[]): readonly string[] {
  return plans.flatMap(({ nodes }) => nodes.filter((node) => patterns.some((one) => one.test(node))));
}

/** Plan nodes that a hot function must not have: their work grows with the table. */
export const WHOLE_TABLES = /^(Parallel )?Seq Scan (objects|files_queue|documents)$/;

/** Opens a session, prepares it by {@link watchPlans}, and ends it after `use`. */
export const withPlans = <T>(stack: SupabaseStack, use: (client: Client) => Promise<T>): Promise<T> =>
  withSession(stack.databaseUrl, async ({ client }) => {
    await watchPlans(client);
    return use(client);
  });

/** A plan that a setting of a function prevents. */
export interface Prevented {
  readonly fn: string;
  readonly setting: string;
  /** Runs the function. */
  readonly call: string;
  /** Nodes that the plan has without the setting, and does not have with it. */
  readonly node: RegExp;
}

/** Those nodes with the setting, and without it. */
export async function withAndWithout(
  client: Client,
  { fn, setting, call, node }: Prevented,
): Promise<{ as: readonly string[]; without: readonly string[] }> {
  const { rows } = await client.query<{ signature: string }>(
    'select oid::regprocedure::text as signature from pg_proc where proname = $1',
    [fn],
  );
  const nodes = async (change: string): Promise<readonly string[]> => {
    await client.query('begin');
    try {
      await client.query(change);
      const reading = await readingOf(client, call);
      // Only plans that read a table, not those of parameter checks or lists.
      const plans = reading.plans.filter((plan) =>
        plan.nodes.some((one) => / (objects|files_queue|documents)$/.test(one)),
      );
      return nodesLike({ ...reading, plans }, node);
    } finally {
      await client.query('rollback');
    }
  };
  return {
    as: await nodes('select 1'),
    without: await nodes(`alter function ${rows[0]?.signature ?? ''} reset ${setting}`),
  };
}

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Finder, Leak } from '../../support/canaries/finder.ts';
import type { CanaryStack } from './stack.ts';

/** In every row of every table of the database, those of Storage and of the migrations included. */
export async function inTables(finder: Finder, { sql }: CanaryStack): Promise<Leak[]> {
  const tables = await sql<{ name: string }>(
    `select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = relnamespace
      where relkind in ('r', 'm') and n.nspname not like 'pg_%' and n.nspname <> 'information_schema'`,
  );
  // Also what the catalogues say of our objects: bodies of functions, comments, settings of roles.
  const catalogues = [
    'pg_proc',
    'pg_description',
    'pg_db_role_setting',
    'pg_foreign_server',
    'pg_stat_activity',
  ];
  const leaks: Leak[] = [];
  for (const name of [...tables.map((table) => table.name), ...catalogues]) {
    const rows = await sql<{ row: unknown }>(`select to_jsonb(t) as row from ${name} t`);
    leaks.push(...finder.inValue(name, rows));
  }
  return leaks;
}

/**
 * In all that Temporal keeps of all runs: histories, memos, search attributes, failures of pending
 * activities, and schedules.
 *
 * @returns also the types of the workflows, so that a test can tell that it has searched something
 */
export async function inTemporal(
  finder: Finder,
  { temporal }: CanaryStack,
): Promise<{ readonly leaks: Leak[]; readonly types: ReadonlySet<string> }> {
  const leaks: Leak[] = [];
  const types = new Set<string>();
  for await (const { workflowId, runId, type } of temporal.workflow.list()) {
    types.add(type);
    const handle = temporal.workflow.getHandle(workflowId, runId);
    const { raw } = await handle.describe();
    const { events } = await handle.fetchHistory();
    leaks.push(...finder.inValue(`workflow ${workflowId}`, { raw, events }));
  }
  for await (const { scheduleId } of temporal.schedule.list()) {
    const { raw } = await temporal.schedule.getHandle(scheduleId).describe();
    leaks.push(...finder.inValue(`schedule ${scheduleId}`, raw));
  }
  return { leaks, types };
}

/** In every file of the stack: logs, documents, the data of PostgreSQL and of Temporal. */
export async function inFiles(finder: Finder, folder: string): Promise<Leak[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const leaks: Leak[] = [];
  for (const entry of entries.filter((one) => one.isFile())) {
    const path = join(entry.parentPath, entry.name);
    // PostgreSQL removes files while it runs.
    const bytes = await readFile(path).catch(() => Buffer.alloc(0));
    const isLog = /\.log(\.old)?$/.test(path);
    leaks.push(...(isLog ? finder.inLines(path, bytes.toString('utf8')) : finder.inBytes(path, bytes)));
  }
  return leaks;
}

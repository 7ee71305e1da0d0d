import type pg from 'pg';
import { LegisyncError, type FailureCode } from '../../contract/failures.ts';
import { withDatabase } from '../database.ts';
import { columnFindings } from './columns.ts';
import { readFacts, type Facts } from './facts.ts';
import type { Finding, PreflightSettings, Severity } from './finding.ts';
import { claimableFindings, functionFindings, guardFinding, invalidIndexFindings } from './install.ts';
import { inUseFindings } from './inUse.ts';
import { keyFindings } from './key.ts';
import { projectFindings, readProject } from './project.ts';
import { statusFindings } from './status.ts';
import { tableFindings } from './table.ts';

/** Failure codes by the subject of the finding. All other findings concern files_queue. */
const CODES: Readonly<Record<string, FailureCode>> = {
  owner: 'DATABASE_REFUSED',
  rights: 'DATABASE_REFUSED',
  name: 'DATABASE_INCOMPATIBLE',
  project: 'DATABASE_INCOMPATIBLE',
  roles: 'DATABASE_INCOMPATIBLE',
  schema: 'DATABASE_INCOMPATIBLE',
  storage: 'DATABASE_INCOMPATIBLE',
  version: 'DATABASE_INCOMPATIBLE',
};

/** Time limit of one query. 1.4 million rows take about 2 s; a small instance is slower. */
const STATEMENT_SECONDS = 60;

/**
 * Checks an existing `files_queue` in one read-only transaction. Changes nothing.
 *
 * @param databaseUrl connects as the role that will run the migrations
 * @returns the findings, blocking ones first
 * @throws LegisyncError as `migrate` does if the database is unreachable or refuses the role
 */
export function preflight(databaseUrl: string, settings: PreflightSettings): Promise<readonly Finding[]> {
  return withDatabase(databaseUrl, '`legisync migrate --check`', (client) => checkQueue(client, settings));
}

/**
 * Makes the same checks on an open connection.
 *
 * @throws LegisyncError with the first blocking finding: `DATABASE_REFUSED` for a missing right,
 * `DATABASE_INCOMPATIBLE` for what the project lacks, otherwise `QUEUE_INCOMPATIBLE`
 */
export async function refuseIncompatible(client: pg.Client, settings: PreflightSettings): Promise<void> {
  const [first, ...others] = (await checkQueue(client, settings)).filter(
    ({ severity }) => severity === 'blocks',
  );
  if (first === undefined) return;
  const more = others.length === 0 ? '' : ` ${others.length} more finding(s) block as well.`;
  const text = [first.message, ...first.sql.map((statement) => `${statement};`)].join(' ');
  throw new LegisyncError(CODES[first.about] ?? 'QUEUE_INCOMPATIBLE', `${text}${more} Nothing was changed.`, {
    remedy: 'legisync migrate --check',
  });
}

async function checkQueue(client: pg.Client, settings: PreflightSettings): Promise<readonly Finding[]> {
  await client.query('begin read only');
  try {
    await client.query(`set local statement_timeout = '${STATEMENT_SECONDS}s'`);
    const findings = await findAll(client, await readFacts(client), settings);
    const order: readonly Severity[] = ['blocks', 'warning', 'fine'];
    return order.flatMap((severity) => findings.filter((one) => one.severity === severity));
  } finally {
    // A broken connection has nothing to roll back.
    await client.query('rollback').catch(() => undefined);
  }
}

async function findAll(client: pg.Client, facts: Facts, settings: PreflightSettings): Promise<Finding[]> {
  const findings = [...projectFindings(await readProject(client)), ...functionFindings(facts)];
  const { queue } = facts;
  if (queue === null) {
    const message = 'public.files_queue does not exist: `legisync migrate` creates it.';
    return [...findings, { severity: 'fine', about: 'table', message, sql: [] }];
  }
  findings.push(...tableFindings(queue));
  // The other checks do not apply to a view or a foreign table.
  if (!['r', 'p'].includes(queue.kind)) return findings;
  return [
    ...findings,
    ...columnFindings(queue),
    ...(await keyFindings(client, queue, settings)),
    ...(await statusFindings(client, queue, settings)),
    ...(await inUseFindings(client, queue, settings)),
    ...claimableFindings(queue),
    ...invalidIndexFindings(queue),
    await guardFinding(client, queue, settings),
  ];
}

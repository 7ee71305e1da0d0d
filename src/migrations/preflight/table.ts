import { escapeIdentifier } from 'pg';
import type { QueueFacts, Trigger } from './facts.ts';
import { TABLE, type Finding } from './finding.ts';

/** Kind, owner, row security, rules, triggers, foreign keys and checks. */
export function tableFindings(queue: QueueFacts): Finding[] {
  return [
    ...kindFindings(queue),
    ...ownerFindings(queue),
    ...openFindings(queue),
    ...queue.takenTriggers.map(takenTriggerFinding),
    ...queue.rules.map(ruleFinding),
    ...queue.triggers.filter(({ name }) => !queue.takenTriggers.includes(name)).map(triggerFinding),
    ...queue.references.map(referenceFinding),
    ...checkFindings(queue),
  ];
}

const KINDS: Readonly<Record<string, string>> = {
  v: 'a view',
  m: 'a materialized view',
  f: 'a foreign table',
  S: 'a sequence',
  c: 'a type',
};

function kindFindings({ kind, unlogged, inherits }: QueueFacts): Finding[] {
  const findings: Finding[] = [];
  const other = KINDS[kind];
  if (other !== undefined) {
    const message = `${TABLE} is ${other}: legisync needs a table, because it adds columns and triggers.`;
    findings.push({ severity: 'blocks', about: 'kind', message, sql: [] });
  }
  if (kind === 'p' || inherits) {
    const message = `${TABLE} is partitioned or takes part in inheritance: a unique index covers only one partition, unless file_path is the partition key. legisync is not tested with such a table.`;
    findings.push({ severity: 'warning', about: 'kind', message, sql: [] });
  }
  if (unlogged) {
    const message = `${TABLE} is unlogged: PostgreSQL empties it after a crash, and every file must be queued again.`;
    findings.push({ severity: 'warning', about: 'kind', message, sql: [`alter table ${TABLE} set logged`] });
  }
  return findings;
}

function ownerFindings(queue: QueueFacts): Finding[] {
  const { owner, role, roleIsOwner, forcedRowSecurity, roleBypassesRowSecurity } = queue;
  const findings: Finding[] = [];
  if (!roleIsOwner) {
    const message = `${TABLE} belongs to ${owner}, and only its owner may add columns: ${role} must be owner of table files_queue. Set SUPABASE_DB_URL to the owner, or run this as ${owner}:`;
    const sql = [`alter table ${TABLE} owner to ${escapeIdentifier(role)}`];
    findings.push({ severity: 'blocks', about: 'owner', message, sql });
  }
  if (forcedRowSecurity && !roleBypassesRowSecurity) {
    const message = `Row security of ${TABLE} also applies to its owner (force row level security), and ${role} does not bypass it: legisync would see only the rows that a policy allows.`;
    const sql = [`alter table ${TABLE} no force row level security`];
    findings.push({ severity: 'blocks', about: 'row security', message, sql });
  }
  return findings;
}

/** Without row security, everyone who has the project's public key has these rights. */
function openFindings({ rowSecurity, openTo }: QueueFacts): Finding[] {
  if (rowSecurity || openTo.length === 0) return [];
  const message = `${TABLE} has no row security, and the roles ${openTo.join(', ')} have rights on it: everyone who knows the public key of the project can read or change the queue. The service role is not affected. If your own programs use such a key, give them a policy first:`;
  const sql = [`alter table ${TABLE} enable row level security`];
  return [{ severity: 'warning', about: 'row security', message, sql }];
}

/** The migrations would replace it: `create or replace trigger`. */
function takenTriggerFinding(name: string): Finding {
  const message = `Trigger ${name} of ${TABLE} is not legisync’s, but has the name of one of its triggers. Rename it:`;
  const newName = name.replace('files_queue', 'team');
  const sql = [`alter trigger ${name} on ${TABLE} rename to ${newName}`];
  return { severity: 'blocks', about: 'trigger', message, sql };
}

function ruleFinding({ name, event }: QueueFacts['rules'][number]): Finding {
  // PostgreSQL: "INSERT with ON CONFLICT clause cannot be used with table that has INSERT or UPDATE
  // rules".
  const blocks = event === 'INSERT' || event === 'UPDATE';
  return {
    severity: blocks ? 'blocks' : 'warning',
    about: 'rule',
    message: blocks
      ? `Rule ${name} rewrites each ${event} of ${TABLE}: PostgreSQL refuses "on conflict" on such a table. Replace the rule by a trigger:`
      : `Rule ${name} rewrites each ${event} of ${TABLE}: legisync’s guard against emptying the table may not see it.`,
    sql: [`drop rule ${escapeIdentifier(name)} on ${TABLE}`],
  };
}

function triggerFinding({ name, when, forEachRow, onInsert, onUpdate, ...trigger }: Trigger): Finding {
  const what = `Trigger ${name} (${when}, for each ${forEachRow ? 'row' : 'statement'}: ${trigger.function}) is not legisync’s.`;
  const consequences = [
    ...(forEachRow && onInsert ? [onEachInsert(trigger.function)] : []),
    ...(forEachRow && onUpdate
      ? [
          'It fires when legisync queues a changed document again: it must not change status, processed or file_path.',
        ]
      : []),
  ];
  if (consequences.length === 0) {
    return { severity: 'fine', about: 'trigger', message: `${what} It stays as it is.`, sql: [] };
  }
  const sql =
    forEachRow && onInsert
      ? ['disable', 'enable'].map((verb) => `alter table ${TABLE} ${verb} trigger ${escapeIdentifier(name)}`)
      : [];
  return { severity: 'warning', about: 'trigger', message: [what, ...consequences].join(' '), sql };
}

function onEachInsert(fn: string): string {
  // The dashboard calls this a database webhook.
  const hook = fn === 'supabase_functions.http_request' ? ' and sends as many requests' : '';
  return `A backfill of 1.4 million files fires it 1.4 million times${hook}: if that is not wanted, disable it for that time.`;
}

function referenceFinding({ name, columns, table }: QueueFacts['references'][number]): Finding {
  const list = columns.join(', ');
  const isWritten = columns.some((column) =>
    ['file_path', 'bucket_id', 'status', 'file_size'].includes(column),
  );
  // The bucket of an object always exists.
  if (!isWritten || (table === 'storage.buckets' && list === 'bucket_id')) {
    const message = `Foreign key ${name} (${list} to ${table}) does not concern what legisync writes.`;
    return { severity: 'fine', about: 'foreign key', message, sql: [] };
  }
  const message = `Foreign key ${name}: ${list} must be in ${table}, otherwise PostgreSQL refuses the whole batch of rows.`;
  const sql = [`alter table ${TABLE} drop constraint ${escapeIdentifier(name)}`];
  return { severity: 'warning', about: 'foreign key', message, sql };
}

/** Checks of `status` alone are not listed: status.ts tries them. */
function checkFindings({ checks }: QueueFacts): Finding[] {
  return checks
    .filter(({ columns }) => columns.join() !== 'status')
    .map(({ name, expression }) => ({
      severity: 'warning',
      about: 'check',
      message: `Constraint ${name} is not evaluated here. Make sure that (${expression}) is true for a new row, with status 'pending', processed false and a file_path such as 'legifrance/codes/LEGIARTI000000000001.json'.`,
      sql: [],
    }));
}

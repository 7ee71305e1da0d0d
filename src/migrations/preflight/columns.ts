import { convert, fill } from './conversion.ts';
import type { Column, QueueFacts } from './facts.ts';
import { TABLE, type Finding, type Severity } from './finding.ts';

/** What legisync needs of a column. Types by their names in `pg_type`. */
interface Wanted {
  readonly name: string;
  /** The type to change to if the column's type is not suitable. */
  readonly type: string;
  readonly fits: readonly string[];
  /** Suitable types that lose something, with what is lost. */
  readonly lossy?: Readonly<Record<string, string>>;
  /** The shortest `varchar(n)` that holds our shortest value. */
  readonly least?: number;
  /** The shortest `varchar(n)` that holds all our values. */
  readonly enough?: number;
}

const TEXTS = ['text', 'varchar'];
const IGNORES_CASE = 'it treats paths that differ only in upper and lower case as equal';
const NO_ZONE =
  'it has no time zone; legisync writes and reads it in the time zone of the session, which is UTC on Supabase';

/** The columns that an existing table must have. `definition` is as in `add column`. */
const REQUIRED: readonly (Wanted & { readonly definition: string })[] = [
  {
    name: 'file_path',
    definition: 'text',
    type: 'text',
    fits: TEXTS,
    lossy: { citext: IGNORES_CASE },
    // legifrance/{category}/{id}.json, with an id of 20 characters and a category of 1 to 63.
    least: 38,
    // A backfill queues every file of the bucket. Storage limits a name to this.
    enough: 1_024,
  },
  // LEGISYNC_BUCKET has at most 100 characters.
  { name: 'bucket_id', definition: 'text', type: 'text', fits: TEXTS, least: 1, enough: 100 },
  {
    name: 'file_size',
    definition: 'bigint',
    type: 'bigint',
    fits: ['int8', 'numeric'],
    lossy: { int4: 'a file of 2 GiB or more cannot be queued' },
  },
  {
    name: 'status',
    definition: `text default 'pending'`,
    type: 'text',
    fits: [...TEXTS, 'citext'],
    least: 1,
  },
  { name: 'processed', definition: 'boolean default false', type: 'boolean', fits: ['bool'] },
  {
    name: 'created_at',
    definition: 'timestamptz default now()',
    type: 'timestamptz',
    fits: ['timestamptz'],
    lossy: { timestamp: NO_ZONE },
  },
];

/** The columns that legisync adds. The table may already have a column of that name. */
const ADDED: readonly Wanted[] = [
  ...['content_at', 'dangling_since'].map((name) => ({
    name,
    type: 'timestamptz',
    fits: ['timestamptz'],
    lossy: { timestamp: NO_ZONE },
  })),
  // `v1:` and 64 hexadecimal digits.
  { name: 'content_sha256', type: 'text', fits: TEXTS, least: 67 },
  ...['requeue', 'backfilled'].map((name) => ({
    name,
    type: 'boolean',
    fits: ['bool'],
  })),
];

/** Columns that legisync sets in every INSERT, never to null. */
const ALWAYS_WRITTEN = new Set(['file_path', 'bucket_id', 'status', 'processed', 'content_at']);

/** Columns that legisync sets to null for some files, with the description of these files. */
const SOMETIMES_NULL: Readonly<Record<string, string>> = {
  file_size: 'for which Storage recorded no size',
  content_sha256: 'that were uploaded before legisync',
};

export function columnFindings(queue: QueueFacts): Finding[] {
  const byName = new Map(queue.columns.map((column) => [column.name, column]));
  return [
    ...missingColumns(byName),
    ...[...REQUIRED, ...ADDED].flatMap((wanted) => {
      const column = byName.get(wanted.name);
      return column === undefined
        ? []
        : [
            ...generatedFindings(column),
            ...typeFindings(wanted, column, queue),
            ...collationFindings(column),
          ];
    }),
    ...queue.columns.flatMap(valueFindings),
    ...dateFindings(byName.get('created_at')),
    idFinding(byName.get('id')),
  ];
}

function missingColumns(byName: ReadonlyMap<string, Column>): Finding[] {
  const missing = REQUIRED.filter(({ name }) => !byName.has(name));
  if (missing.length === 0) return [];
  const message = `${TABLE} lacks ${missing.map(({ name }) => name).join(', ')}. If these columns exist under other names, rename them. Otherwise add them:`;
  const sql = missing.map(({ name, definition }) => `alter table ${TABLE} add column ${name} ${definition}`);
  return [{ severity: 'blocks', about: 'column', message, sql }];
}

function typeFindings(wanted: Wanted, column: Column, queue: QueueFacts): Finding[] {
  const { name, lossy = {}, least = 0, enough = 0 } = wanted;
  const found = (severity: Severity, what: string, remedy: Remedy): Finding[] => [
    {
      severity,
      about: 'type',
      message: `${TABLE}.${name} is ${column.type}: ${what}. ${remedy.remark}:`,
      sql: remedy.sql,
    },
  ];
  if (column.isEnum && name === 'status') return [];
  const loss = lossy[column.base];
  if (loss !== undefined) return found('warning', loss, rewrite(wanted, column, queue));
  if (!wanted.fits.includes(column.base)) {
    const needed = [...wanted.fits, ...Object.keys(lossy)].join(' or ');
    return found(
      'blocks',
      `legisync needs ${needed}`,
      ADDED.includes(wanted) ? rename(wanted) : rewrite(wanted, column, queue),
    );
  }
  const { limit } = column;
  if (limit !== null && limit < least) {
    return found('blocks', `legisync needs ${least} characters or more`, lengthen(wanted));
  }
  if (limit !== null && limit < enough) {
    return found(
      'warning',
      `values may have up to ${enough} characters, and longer ones fail`,
      lengthen(wanted),
    );
  }
  return [];
}

interface Remedy {
  readonly remark: string;
  readonly sql: readonly string[];
}

function rewrite({ type }: Wanted, column: Column, queue: QueueFacts): Remedy {
  const sql = convert(column, type, queue);
  const drops = sql.some((statement) => /drop (index|constraint) /.test(statement))
    ? ' It drops the checks and indexes that need the old type: create them again.'
    : '';
  const remark = `This rewrites the table, which cannot be read meanwhile.${drops} If PostgreSQL names a view, policy or trigger that uses the column, drop that first`;
  return { remark, sql };
}

function lengthen({ name, type }: Wanted): Remedy {
  return {
    remark: 'This does not rewrite the table',
    sql: [`alter table ${TABLE} alter column ${name} type ${type}`],
  };
}

function rename({ name }: Wanted): Remedy {
  const remark = 'Your column has the name of a column that legisync adds. Rename it, here and in your code';
  return { remark, sql: [`alter table ${TABLE} rename column ${name} to ${name}_before_legisync`] };
}

function generatedFindings({ name, generated }: Column): Finding[] {
  if (!generated) return [];
  const message = `${TABLE}.${name} is a generated column, but legisync writes it. This makes it an ordinary column that keeps its values:`;
  const sql = [`alter table ${TABLE} alter column ${name} drop expression`];
  return [{ severity: 'blocks', about: 'generated', message, sql }];
}

/**
 * A full comparison sorts paths in byte order, and PostgreSQL refuses LIKE: both fail with 0A000.
 */
function collationFindings({ name, type, deterministic }: Column): Finding[] {
  if (deterministic || !['file_path', 'bucket_id'].includes(name)) return [];
  const message = `${TABLE}.${name} has a nondeterministic collation: paths that differ can be equal, and a full comparison fails with SQLSTATE 0A000. This builds its indexes again, and the table cannot be read meanwhile:`;
  const sql = [`alter table ${TABLE} alter column ${name} type ${type} collate "default"`];
  return [{ severity: 'blocks', about: 'collation', message, sql }];
}

/** Columns that must not be null, but that legisync never or not always sets. */
function valueFindings(column: Column): Finding[] {
  const { name, notNull, filled, generated } = column;
  if (!notNull || generated || name === 'created_at' || ALWAYS_WRITTEN.has(name)) return [];
  const rows = SOMETIMES_NULL[name];
  if (rows !== undefined) {
    const severity = name === 'file_size' ? 'warning' : 'blocks';
    const message = `${TABLE}.${name} is not null: files ${rows} cannot be queued.`;
    return [{ severity, about: 'not null', message, sql: fill({ ...column, primaryKey: null }) }];
  }
  if (filled) return [];
  const message = `${TABLE}.${name} is not null and has no default. legisync does not set it, so it cannot add a row. Give it a default (set default …), or:`;
  return [{ severity: 'blocks', about: 'not null', message, sql: fill(column) }];
}

/** legisync does not set `created_at`: its default does. */
function dateFindings(column: Column | undefined): Finding[] {
  if (column === undefined || column.filled) return [];
  const sql = [`alter table ${TABLE} alter column created_at set default now()`];
  const message = column.notNull
    ? `${TABLE}.created_at is not null and has no default: legisync cannot add a row.`
    : `${TABLE}.created_at has no default: legisync’s rows have no date, and legisync_claim_files hands them out last.`;
  return [{ severity: column.notNull ? 'blocks' : 'warning', about: 'default', message, sql }];
}

function idFinding(column: Column | undefined): Finding {
  const what = column === undefined ? `${TABLE} has no id` : `${TABLE}.id is ${column.type}`;
  return {
    severity: 'fine',
    about: 'id',
    message: `${what}. This does not matter: legisync identifies a row by its file_path.`,
    sql: [],
  };
}

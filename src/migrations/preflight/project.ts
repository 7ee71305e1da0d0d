import type pg from 'pg';
import { escapeIdentifier } from 'pg';
import type { Finding } from './finding.ts';

/** `server_version_num` of the oldest supported PostgreSQL. */
const OLDEST_POSTGRES = 150_000;

/** What the migrations and functions read of Storage: `table.column`, with its type. */
const STORAGE_COLUMNS: Readonly<Record<string, string>> = {
  'objects.bucket_id': 'text',
  'objects.name': 'text',
  'objects.created_at': 'timestamptz',
  'objects.updated_at': 'timestamptz',
  'objects.metadata': 'jsonb',
  'objects.user_metadata': 'jsonb',
  'buckets.id': 'text',
};

/** Columns of newer versions of Storage, which legisync reads where they exist. */
const NEWER_COLUMNS: Readonly<Record<string, string>> = {
  'objects.is_delete_marker': 'bool',
  'objects.archived_at': 'timestamptz',
};

/** The roles of the API, as Supabase creates them. */
const ROLES: Readonly<Record<string, string>> = {
  anon: 'nologin noinherit',
  authenticated: 'nologin noinherit',
  service_role: 'nologin noinherit bypassrls',
};

/** What the catalogue contains about the project, whether `files_queue` exists or not. */
export interface ProjectFacts {
  readonly role: string;
  /** As text, for messages. */
  readonly version: string;
  /** As a number: 150004 is 15.4. */
  readonly versionNumber: number;
  /** Whether the role may create schemas in the database and functions in `public`. */
  readonly mayCreate: boolean;
  /** `storage.objects` exists. */
  readonly isSupabase: boolean;
  /** The wanted columns of Storage that exist, by `table.column`, with the names of their types. */
  readonly storageColumns: Readonly<Record<string, string>>;
  /** `storage.objects` has a unique index on bucket and name. */
  readonly hasNameIndex: boolean;
  /** Those tables of Storage whose rows the role may not select. */
  readonly unreadable: readonly string[];
  /** Those tables of Storage whose row security hides rows from the role. */
  readonly hidden: readonly string[];
  readonly roles: readonly string[];
  /** Relations of `public` that have a name of legisync's indexes and are none of files_queue. */
  readonly takenNames: readonly string[];
  /** The schema `legisync`, if it exists. */
  readonly schema: {
    readonly owner: string;
    readonly roleIsOwner: boolean;
    /** The first migration has made it: it has a table of settings with our columns. */
    readonly isOurs: boolean;
    readonly isEmpty: boolean;
  } | null;
}

const FACTS = `
  with storage as (
    select c.oid, c.relname, c.relrowsecurity and (c.relforcerowsecurity or not pg_has_role(c.relowner, 'usage')) as secured
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname = 'storage' and c.relname in ('objects', 'buckets') and c.relkind in ('r', 'p'))
  select current_user as role,
         current_setting('server_version') as version,
         current_setting('server_version_num')::integer as "versionNumber",
         has_database_privilege(current_database(), 'create')
           and has_schema_privilege('public', 'create') as "mayCreate",
         exists (select from storage where relname = 'objects') as "isSupabase",
         (select coalesce(json_object_agg(s.relname || '.' || a.attname, t.typname), '{}')
            from storage s join pg_attribute a on a.attrelid = s.oid and a.attnum > 0 and not a.attisdropped
            join pg_type t on t.oid = a.atttypid
            where s.relname || '.' || a.attname = any ($1)) as "storageColumns",
         exists (
           select from storage s join pg_index i on i.indrelid = s.oid
           where s.relname = 'objects' and i.indisunique and i.indisvalid and i.indpred is null
             and pg_get_indexdef(i.indexrelid) like '%(bucket_id, name)%') as "hasNameIndex",
         (select coalesce(json_agg(relname order by relname), '[]') from storage
            where not (has_schema_privilege('storage', 'usage') and has_table_privilege(oid, 'select'))) as unreadable,
         (select coalesce(json_agg(relname order by relname), '[]') from storage
            where secured
              and not (select rolbypassrls or rolsuper from pg_roles where rolname = current_user)) as hidden,
         (select coalesce(json_agg(rolname), '[]') from pg_roles where rolname = any ($2)) as roles,
         (select coalesce(json_agg(c.relname order by c.relname), '[]')
            from pg_class c left join pg_index i on i.indexrelid = c.oid
            where c.relnamespace = 'public'::regnamespace
              and (i.indrelid is null or i.indrelid is distinct from to_regclass('public.files_queue'))
              and (c.relname = 'files_queue_claimable'
                   or c.relname = 'files_queue_file_path_key' and to_regclass('public.files_queue') is null)) as "takenNames",
         (select json_build_object(
            'owner', pg_get_userbyid(n.nspowner),
            'roleIsOwner', pg_has_role(n.nspowner, 'usage'),
            'isOurs', exists (
              select from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'max_delete_percent'
              where c.relnamespace = n.oid and c.relname = 'settings'),
            'isEmpty', not exists (select from pg_class where relnamespace = n.oid)
              and not exists (select from pg_proc where pronamespace = n.oid)
              and not exists (select from pg_type where typnamespace = n.oid))
          from pg_namespace n where n.nspname = 'legisync') as schema`;

/** Reads the catalogue. Takes some milliseconds and locks nothing. */
export async function readProject(client: pg.Client): Promise<ProjectFacts> {
  const { rows } = await client.query<ProjectFacts>(FACTS, [
    Object.keys({ ...STORAGE_COLUMNS, ...NEWER_COLUMNS }),
    Object.keys(ROLES),
  ]);
  const [facts] = rows;
  if (facts === undefined) throw new Error('A SELECT without FROM returned no row.');
  return facts;
}

const blocks = (about: string, message: string, sql: readonly string[] = []): Finding => ({
  severity: 'blocks',
  about,
  message,
  sql,
});

/** Version, rights, roles, Storage, and the schema that legisync needs for itself. */
export function projectFindings(facts: ProjectFacts): Finding[] {
  return [
    ...versionFindings(facts),
    ...rightsFindings(facts),
    ...roleFindings(facts),
    ...storageFindings(facts),
    ...schemaFindings(facts),
    ...facts.takenNames.map(nameFinding),
  ];
}

function versionFindings({ version, versionNumber }: ProjectFacts): Finding[] {
  if (versionNumber >= OLDEST_POSTGRES) return [];
  const oldest = OLDEST_POSTGRES / 10_000;
  return [
    blocks(
      'version',
      `The database runs PostgreSQL ${version}: legisync needs ${oldest} or newer. Upgrade the project.`,
    ),
  ];
}

function rightsFindings({ mayCreate, role }: ProjectFacts): Finding[] {
  if (mayCreate) return [];
  return [
    blocks(
      'rights',
      `The role ${role} may not create what legisync needs: SUPABASE_DB_URL must name the role \`postgres\`.`,
    ),
  ];
}

function roleFindings({ roles }: ProjectFacts): Finding[] {
  const missing = Object.keys(ROLES).filter((name) => !roles.includes(name));
  if (missing.length === 0) return [];
  return [
    blocks(
      'roles',
      `The database lacks the role(s) ${missing.join(', ')} of Supabase's API, to which the migrations grant rights or from which they revoke them. Run this as a superuser:`,
      missing.map((name) => `create role ${name} ${ROLES[name] ?? ''}`),
    ),
  ];
}

function storageFindings(facts: ProjectFacts): Finding[] {
  const { isSupabase, storageColumns, hasNameIndex, unreadable, hidden, role } = facts;
  if (!isSupabase) {
    return [
      blocks(
        'project',
        'The database of SUPABASE_DB_URL has no storage.objects, so it is not a Supabase project. Set SUPABASE_DB_URL to the URL in the dashboard, under "Connect". If you host Supabase yourself, start Storage first: it creates its tables.',
      ),
    ];
  }
  const missing = Object.keys(STORAGE_COLUMNS).filter((column) => storageColumns[column] === undefined);
  const wrong = Object.entries({ ...STORAGE_COLUMNS, ...NEWER_COLUMNS }).filter(
    ([column, type]) => storageColumns[column] !== undefined && storageColumns[column] !== type,
  );
  const findings: Finding[] = [];
  if (missing.length > 0) {
    const list = missing.map((column) => `storage.${column}`).join(', ');
    findings.push(
      blocks(
        'storage',
        `Storage lacks ${list}, which legisync reads. Storage’s own migrations add it: update Storage (supabase/storage-api) and start it once. Do not add it by hand: an older Storage does not fill it.`,
      ),
    );
  }
  for (const [column, type] of wrong) {
    findings.push(
      blocks(
        'storage',
        `storage.${column} is ${storageColumns[column] ?? '?'}: legisync needs ${type}, as in Supabase Storage.`,
      ),
    );
  }
  if (unreadable.length > 0) {
    const tables = unreadable.map((name) => `storage.${name}`).join(', ');
    findings.push(
      blocks(
        'rights',
        `The role ${role} may not read ${tables}. Set SUPABASE_DB_URL to the role \`postgres\`, or run this as a superuser:`,
        [
          `grant usage on schema storage to ${escapeIdentifier(role)}`,
          `grant select on ${tables} to ${escapeIdentifier(role)}`,
        ],
      ),
    );
  }
  if (hidden.length > 0) {
    const tables = hidden.map((name) => `storage.${name}`).join(', ');
    findings.push(
      blocks(
        'row security',
        `Row security of ${tables} applies to the role ${role}: legisync’s functions would see no file. Set SUPABASE_DB_URL to the role \`postgres\`, or run this as a superuser:`,
        [`alter role ${escapeIdentifier(role)} bypassrls`],
      ),
    );
  }
  if (!hasNameIndex && missing.length === 0) {
    findings.push({
      severity: 'warning',
      about: 'storage',
      message:
        'storage.objects has no unique index on (bucket_id, name), which Storage creates: a backfill sorts the whole bucket for each chunk. Run this as the owner of the table:',
      sql: ['create unique index concurrently bucketid_objname on storage.objects (bucket_id, name)'],
    });
  }
  return findings;
}

/** The migrations would drop an index of that name, or not create theirs. */
function nameFinding(name: string): Finding {
  return blocks(
    'name',
    `public.${name} exists and is not an index of public.files_queue, but legisync needs the name for one. Rename it:`,
    [`alter table public.${name} rename to ${name.replace('files_queue', 'team')}`],
  );
}

function schemaFindings({ schema, role }: ProjectFacts): Finding[] {
  if (schema === null) return [];
  if (!schema.isOurs && !schema.isEmpty) {
    return [
      blocks(
        'schema',
        `The schema legisync (of ${schema.owner}) exists and is not legisync’s. Rename it, here and in your code:`,
        ['alter schema legisync rename to team_legisync'],
      ),
    ];
  }
  if (schema.roleIsOwner) return [];
  return [
    blocks(
      'rights',
      `The schema legisync belongs to ${schema.owner}, and ${role} may not change it: set SUPABASE_DB_URL to that role.`,
    ),
  ];
}

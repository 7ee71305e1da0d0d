import type pg from 'pg';

/** A column of files_queue, from the catalogue. */
export interface Column {
  readonly name: string;
  /** As in `create table`, for messages. */
  readonly type: string;
  /** Name of the type in `pg_type`; for a domain, its base type. */
  readonly base: string;
  /**
   * The type itself is an enum. False for a domain over an enum, which PostgreSQL cannot compare
   * with a literal.
   */
  readonly isEnum: boolean;
  /** `n` of a `varchar(n)`. Null: no limit. */
  readonly limit: number | null;
  readonly notNull: boolean;
  /** It has a default or an identity, or is generated: an INSERT may omit it. */
  readonly filled: boolean;
  /** `generated always as (…)`: an INSERT must omit it. */
  readonly generated: boolean;
  readonly identity: boolean;
  /** The expression of its default. Null: none. */
  readonly default: string | null;
  /** Name of the primary key, if the column is part of it. */
  readonly primaryKey: string | null;
  /** Its domain is not null, so that the column cannot be changed. */
  readonly domainNotNull: boolean;
  /** False: values that differ can be equal. Such a collation has no byte order. */
  readonly deterministic: boolean;
}

/** A trigger that is not legisync's. */
export interface Trigger {
  readonly name: string;
  /** When it fires, e.g. `BEFORE INSERT OR UPDATE`. */
  readonly when: string;
  readonly forEachRow: boolean;
  readonly onInsert: boolean;
  readonly onUpdate: boolean;
  /** The function, with its schema. */
  readonly function: string;
}

export interface Check {
  readonly name: string;
  /** The columns that it reads. */
  readonly columns: readonly string[];
  /** The expression, without `check (…)`. */
  readonly expression: string;
}

/** An index of files_queue. */
export interface Index {
  readonly name: string;
  readonly isValid: boolean;
  readonly isUnique: boolean;
  /** The columns of its predicate and its expressions. */
  readonly conditionColumns: readonly string[];
}

/** What the catalogue contains about `public.files_queue`. */
export interface QueueFacts {
  /** `pg_class.relkind`: `r` is a plain table. */
  readonly kind: string;
  readonly unlogged: boolean;
  /** Such as `RANGE (created_at)`. Null: it is not partitioned. */
  readonly partitionKey: string | null;
  readonly rowSecurity: boolean;
  /** Those of `anon` and `authenticated` that have any right on the table. */
  readonly openTo: readonly string[];
  /** It is a partition, or has parents or children. */
  readonly inherits: boolean;
  /** The planner's estimate; -1: the table was never analyzed. */
  readonly estimatedRows: number;
  readonly owner: string;
  readonly role: string;
  readonly roleIsOwner: boolean;
  readonly forcedRowSecurity: boolean;
  readonly roleBypassesRowSecurity: boolean;
  readonly columns: readonly Column[];
  /** Whether `on conflict (file_path)` finds an index. */
  readonly uniquePath: boolean;
  /**
   * Deferrable unique constraints on file_path alone. Each makes `on conflict (file_path)` fail.
   */
  readonly deferrablePaths: readonly string[];
  readonly indexes: readonly Index[];
  /** Triggers of the team's that have names of legisync's triggers. */
  readonly takenTriggers: readonly string[];
  /** Those of KEY_NAMES that relations in `public` already have. */
  readonly takenNames: readonly string[];
  /**
   * The index `files_queue_claimable`; null: it does not exist. `fits`: it has the same definition
   * as in the migrations.
   */
  readonly claimable: {
    readonly isValid: boolean;
    readonly fits: boolean;
    readonly definition: string;
  } | null;
  /** legisync's guard is already installed. */
  readonly isGuarded: boolean;
  readonly checks: readonly Check[];
  readonly triggers: readonly Trigger[];
  readonly rules: readonly { readonly name: string; readonly event: string }[];
  /** Its foreign keys, with their columns and the table that they refer to. */
  readonly references: readonly {
    readonly name: string;
    readonly columns: readonly string[];
    readonly table: string;
  }[];
}

/** What the catalogue contains about what legisync adds to. */
export interface Facts {
  /** Functions of `public` named `legisync_*` that are not marked as part of legisync. */
  readonly foreignFunctions: readonly {
    /** With schema and argument types, quoted for SQL. */
    readonly signature: string;
    /** A name that legisync does not use, quoted for SQL. */
    readonly newName: string;
  }[];
  /** Null: `public.files_queue` does not exist yet. */
  readonly queue: QueueFacts | null;
}

/** Names for the unique index: the first, or the second if the first is taken. */
export const KEY_NAMES = ['files_queue_file_path_key', 'files_queue_file_path_legisync'] as const;

/**
 * Bits of `pg_trigger.tgtype`: PostgreSQL, src/include/catalog/pg_trigger.h. `pg_get_expr` locks the
 * relation that it is given, so defaults name none, and conditions of indexes are read otherwise.
 */
const FACTS = `
  select (select coalesce(json_agg(json_build_object(
            'signature', format('public.%I(%s)', f.proname, pg_get_function_identity_arguments(f.oid)),
            'newName', quote_ident('team_' || substr(f.proname, 10))) order by f.proname, f.oid), '[]')
          from pg_proc f
          where f.pronamespace = 'public'::regnamespace and f.proname like 'legisync\\_%'
            and coalesce(obj_description(f.oid, 'pg_proc'), '') not like 'Part of legisync.%') as "foreignFunctions",
         (select json_build_object(
            'kind', c.relkind,
            'unlogged', c.relpersistence = 'u',
            'partitionKey', pg_get_partkeydef(c.oid),
            'rowSecurity', c.relrowsecurity,
            'openTo', (
              select coalesce(json_agg(r.rolname order by r.rolname), '[]') from pg_roles r
              where r.rolname in ('anon', 'authenticated')
                and has_table_privilege(r.oid, c.oid, 'select, insert, update, delete, truncate')),
            'inherits', c.relispartition
              or exists (select from pg_inherits where inhparent = c.oid or inhrelid = c.oid),
            'estimatedRows', c.reltuples,
            'owner', pg_get_userbyid(c.relowner),
            'role', current_user,
            'roleIsOwner', pg_has_role(c.relowner, 'usage'),
            'forcedRowSecurity', c.relrowsecurity and c.relforcerowsecurity,
            'roleBypassesRowSecurity', (select rolbypassrls or rolsuper from pg_roles where rolname = current_user),
            'columns', (
              select coalesce(json_agg(json_build_object(
                'name', a.attname,
                'type', format_type(a.atttypid, a.atttypmod),
                'base', b.typname,
                'isEnum', t.typtype = 'e',
                'limit', case when b.typname = 'varchar' and m.typmod >= 4 then m.typmod - 4 end,
                'notNull', a.attnotnull or t.typnotnull,
                'filled', a.atthasdef or a.attidentity <> '' or t.typdefault is not null,
                'generated', a.attgenerated <> '',
                'identity', a.attidentity <> '',
                'default', case when a.attgenerated = '' then pg_get_expr(d.adbin, 0) else null end,
                'primaryKey', (select k.conname from pg_constraint k
                               where k.conrelid = c.oid and k.contype = 'p' and a.attnum = any (k.conkey)),
                'domainNotNull', t.typnotnull,
                'deterministic', coalesce(
                  (select l.collisdeterministic from pg_collation l where l.oid = a.attcollation), true)) order by a.attnum), '[]')
              from pg_attribute a
              join pg_type t on t.oid = a.atttypid
              left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
              join pg_type b on b.oid = case t.typtype when 'd' then t.typbasetype else t.oid end
              cross join lateral (select case t.typtype when 'd' then t.typtypmod else a.atttypmod end) as m (typmod)
              where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
            'uniquePath', exists (
              select from pg_index i
              join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0] and a.attname = 'file_path'
              where i.indrelid = c.oid and i.indisunique and i.indimmediate and i.indisvalid and i.indnkeyatts = 1
                and i.indpred is null),
            'deferrablePaths', (
              select coalesce(json_agg(k.conname order by k.conname), '[]') from pg_constraint k
              where k.conrelid = c.oid and k.contype in ('u', 'p') and k.condeferrable
                and k.conkey = array(select a.attnum from pg_attribute a where a.attrelid = c.oid and a.attname = 'file_path')),
            'indexes', (
              select coalesce(json_agg(json_build_object(
                'name', n.relname,
                'isValid', i.indisvalid,
                'isUnique', i.indisunique,
                'conditionColumns', (
                  select coalesce(json_agg(a.attname), '[]') from pg_attribute a
                  where a.attrelid = c.oid and a.attnum > 0
                    and case when i.indexprs is not null then pg_get_indexdef(i.indexrelid)
                             when i.indpred is not null then split_part(pg_get_indexdef(i.indexrelid), ' WHERE ', 2)
                        end ~ ('\\m' || a.attname || '\\M'))) order by n.relname), '[]')
              from pg_index i join pg_class n on n.oid = i.indexrelid where i.indrelid = c.oid),
            'takenTriggers', (
              select coalesce(json_agg(g.tgname order by g.tgname), '[]')
              from pg_trigger g join pg_proc p on p.oid = g.tgfoid
              where g.tgrelid = c.oid and not g.tgisinternal and p.pronamespace is distinct from to_regnamespace('legisync')
                and g.tgname in ('files_queue_guard_delete', 'files_queue_guard_truncate', 'files_queue_keep_requeue')),
            'takenNames', (
              select coalesce(json_agg(n.relname), '[]') from pg_class n
              where n.relnamespace = c.relnamespace and n.relname = any ($1)),
            'claimable', (
              select json_build_object(
                'isValid', i.indisvalid,
                'fits', pg_get_indexdef(i.indexrelid) like '%(backfilled, created_at)%'
                  and coalesce(pg_get_expr(i.indpred, i.indrelid), '') ~
                    '^\\(\\(\\(?status.* = ''pending''.* AND \\(processed IS NOT TRUE\\) AND \\(dangling_since IS NULL\\)\\)$',
                'definition', pg_get_indexdef(i.indexrelid))
              from pg_index i where i.indrelid = c.oid and i.indexrelid = to_regclass('public.files_queue_claimable')),
            'isGuarded', exists (
              select from pg_trigger g join pg_proc p on p.oid = g.tgfoid join pg_namespace n on n.oid = p.pronamespace
              where g.tgrelid = c.oid and g.tgtype & 8 > 0 and n.nspname = 'legisync'),
            'checks', (
              select coalesce(json_agg(json_build_object(
                'name', k.conname,
                'columns', (select coalesce(json_agg(a.attname), '[]') from pg_attribute a
                            where a.attrelid = c.oid and a.attnum = any (k.conkey)),
                'expression', pg_get_expr(k.conbin, c.oid)) order by k.conname), '[]')
              from pg_constraint k where k.conrelid = c.oid and k.contype = 'c'),
            'triggers', (
              select coalesce(json_agg(json_build_object(
                'name', g.tgname,
                'when', case when g.tgtype & 2 > 0 then 'BEFORE ' when g.tgtype & 64 > 0 then 'INSTEAD OF ' else 'AFTER ' end
                  || concat_ws(' OR ', case when g.tgtype & 4 > 0 then 'INSERT' end, case when g.tgtype & 16 > 0 then 'UPDATE' end,
                               case when g.tgtype & 8 > 0 then 'DELETE' end, case when g.tgtype & 32 > 0 then 'TRUNCATE' end),
                'forEachRow', g.tgtype & 1 > 0,
                'onInsert', g.tgtype & 4 > 0,
                'onUpdate', g.tgtype & 16 > 0,
                'function', n.nspname || '.' || p.proname) order by g.tgname), '[]')
              from pg_trigger g join pg_proc p on p.oid = g.tgfoid join pg_namespace n on n.oid = p.pronamespace
              where g.tgrelid = c.oid and not g.tgisinternal and g.tgenabled <> 'D' and n.nspname <> 'legisync'),
            'rules', (
              select coalesce(json_agg(json_build_object(
                'name', r.rulename,
                'event', case r.ev_type when '2' then 'UPDATE' when '3' then 'INSERT' when '4' then 'DELETE' else 'SELECT' end)
                order by r.rulename), '[]')
              from pg_rewrite r where r.ev_class = c.oid and r.rulename <> '_RETURN'),
            'references', (
              select coalesce(json_agg(json_build_object(
                'name', k.conname,
                'columns', (select json_agg(a.attname) from pg_attribute a
                            where a.attrelid = c.oid and a.attnum = any (k.conkey)),
                'table', (select n.nspname || '.' || f.relname from pg_class f join pg_namespace n on n.oid = f.relnamespace
                          where f.oid = k.confrelid)) order by k.conname), '[]')
              from pg_constraint k where k.conrelid = c.oid and k.contype = 'f'))
          from pg_class c where c.oid = to_regclass('public.files_queue')) as queue`;

/** Reads the catalogue. Takes some milliseconds for any size of table, and does not lock it. */
export async function readFacts(client: pg.Client): Promise<Facts> {
  const { rows } = await client.query<Facts>(FACTS, [KEY_NAMES]);
  const [facts] = rows;
  if (facts === undefined) throw new Error('A SELECT without FROM returned no row.');
  return facts;
}

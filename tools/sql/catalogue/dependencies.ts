import type { Client } from 'pg';
import { readingCatalogue } from '../session.ts';
import type { Kind } from './model.ts';
import { OBJECTS } from './objects.ts';

/** One object depends on another one. */
export interface Dependency {
  /** Describes the dependent, e.g. `column holder of table legisync.slices`. */
  readonly text: string;
  /** Key of the dependent object, or of the object that contains it. Null: not in our schemas. */
  readonly dependent: string | null;
  /** The dependent is a part of a table: a column, a default, a constraint, an index. */
  readonly data: boolean;
  /** Key of the object that it depends on. */
  readonly on: string;
}

/**
 * `pg_depend` lists parts: the rule of a view, the row type of a table, the default of a column.
 * `parts` maps each part to its object. PostgreSQL does not record what functions with a string
 * body use.
 */
const DEPENDENCIES = `
  with ${OBJECTS},
  types (oid, classid, objid) as (
    select t.oid, case when c.relkind in ('r', 'v', 'm', 'p') then 'pg_class'::regclass else 'pg_type'::regclass end,
           case when c.relkind in ('r', 'v', 'm', 'p') then c.oid else t.oid end
      from pg_type t left join pg_class c on c.oid = t.typrelid
      where not exists (select from pg_type e where e.typarray = t.oid)),
  parts (classid, objid, of_class, of_id) as (
    select 'pg_namespace'::regclass::oid, oid, 'pg_namespace'::regclass::oid, oid from pg_namespace
    union all select 'pg_proc'::regclass, oid, 'pg_proc'::regclass, oid from pg_proc
    union all select 'pg_trigger'::regclass, oid, 'pg_trigger'::regclass, oid from pg_trigger where not tgisinternal
    union all select 'pg_class'::regclass, oid, 'pg_class'::regclass, oid from pg_class where relkind in ('r', 'v', 'm', 'p')
    union all select 'pg_class'::regclass, oid, 'pg_type'::regclass, reltype from pg_class where relkind = 'c'
    union all select 'pg_class'::regclass, indexrelid, 'pg_class'::regclass, indrelid from pg_index
    union all select 'pg_rewrite'::regclass, oid, 'pg_class'::regclass, ev_class from pg_rewrite
    union all select 'pg_attrdef'::regclass, oid, 'pg_class'::regclass, adrelid from pg_attrdef
    union all select 'pg_constraint'::regclass, oid, 'pg_class'::regclass, conrelid from pg_constraint where conrelid <> 0
    union all select 'pg_type'::regclass, oid, classid, objid from types
    union all select 'pg_type'::regclass, a.typarray, t.classid, t.objid
      from pg_type a join types t on t.oid = a.oid)
  select distinct
         case when w.relkind in ('v', 'm') or by.of_class in ('pg_proc'::regclass, 'pg_trigger'::regclass, 'pg_type'::regclass)
              then pg_describe_object(by.of_class, by.of_id, 0)
              else pg_describe_object(d.classid, d.objid, d.objsubid) end as text,
         o.kind as dependent_kind, o.name as dependent_name,
         coalesce(w.relkind in ('r', 'm', 'p'), false) as data,
         r.kind as on_kind, r.name as on_name
    from pg_depend d
    join parts by on by.classid = d.classid and by.objid = d.objid
    join parts at on at.classid = d.refclassid and at.objid = d.refobjid
    join objects r on r.classid = at.of_class and r.oid = at.of_id
    left join objects o on o.classid = by.of_class and o.oid = by.of_id
    left join pg_class w on by.of_class = 'pg_class'::regclass and w.oid = by.of_id
    where (by.of_class, by.of_id) <> (at.of_class, at.of_id)
    order by 1`;

interface Row {
  readonly text: string;
  readonly dependent_kind: Kind | null;
  readonly dependent_name: string | null;
  readonly data: boolean;
  readonly on_kind: Kind;
  readonly on_name: string;
}

/** Reads the dependencies between objects, except for uses in string bodies of functions. */
export async function readDependencies(client: Client): Promise<readonly Dependency[]> {
  const { rows } = await readingCatalogue(client, () => client.query<Row>(DEPENDENCIES));
  return rows.map((row) => ({
    text: row.text,
    dependent: row.dependent_kind === null ? null : `${row.dependent_kind} ${row.dependent_name ?? ''}`,
    data: row.data,
    on: `${row.on_kind} ${row.on_name}`,
  }));
}

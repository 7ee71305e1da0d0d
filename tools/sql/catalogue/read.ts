import type { Client } from 'pg';
import { readingCatalogue } from '../session.ts';
import { DEFINITIONS, SIGNATURES } from './definitions.ts';
import { keyOf } from './model.ts';
import type { Catalogue, DatabaseObject, Fact, Kind } from './model.ts';
import { OBJECTS } from './objects.ts';
import { PROPERTIES } from './properties.ts';
import { RIGHTS, toRights } from './rights.ts';
import type { RightsRow } from './rights.ts';
import { COLUMNS, CONSTRAINTS, INDEXES, TABLE_SETTINGS } from './tables.ts';
import { UNSUPPORTED } from './unsupported.ts';

interface FactRow {
  readonly kind: Kind;
  readonly name: string;
  readonly fact: string;
  readonly element: boolean;
  readonly sql: string;
}

interface SignatureRow {
  readonly kind: Kind;
  readonly name: string;
  readonly signature: readonly string[];
}

/** What files make, as opposed to the properties that they set. */
const MADE = `${DEFINITIONS} union all ${COLUMNS} union all ${CONSTRAINTS} union all ${INDEXES}`;

const FACTS = `
  with ${OBJECTS}
  select * from (${MADE} union all ${TABLE_SETTINGS} union all ${PROPERTIES}) facts order by kind, name, position, fact`;

/**
 * Reads all objects of SCHEMAS.
 *
 * @throws Error for an object of a kind that the tools cannot describe
 */
export async function readCatalogue(client: Client): Promise<Catalogue> {
  return readingCatalogue(client, async () => {
    const unsupported = await client.query<{ text: string }>(`with ${OBJECTS} ${UNSUPPORTED}`);
    if (unsupported.rows.length > 0) {
      throw new Error(
        'tools/sql/catalogue does not describe these objects. Avoid them, or add queries for their kind ' +
          `(unsupported.ts lists the kinds): ${unsupported.rows.map(({ text }) => text).join('; ')}`,
      );
    }
    const facts = await client.query<FactRow>(FACTS);
    const signatures = await client.query<SignatureRow>(`with ${OBJECTS} ${SIGNATURES}`);
    const rights = await client.query<RightsRow>(`with ${OBJECTS} ${RIGHTS}`);
    return assemble(facts.rows, signatures.rows, rights.rows);
  });
}

function assemble(
  facts: readonly FactRow[],
  signatures: readonly SignatureRow[],
  rights: readonly RightsRow[],
): Catalogue {
  const factsOf = Map.groupBy(facts, keyOf);
  const rightsOf = Map.groupBy(rights, keyOf);
  const signatureOf = new Map(signatures.map((row) => [keyOf(row), row.signature]));
  const objects = new Map<string, DatabaseObject>();
  for (const [key, rows] of factsOf) {
    const [first] = rows;
    if (first === undefined) continue;
    const given = toRights(rightsOf.get(key) ?? []);
    const statements = rows.filter(({ element }) => !element).map(toFact);
    objects.set(key, {
      kind: first.kind,
      name: first.name,
      elements: rows.filter(({ element }) => element).map(toFact),
      statements: given === undefined ? statements : [...statements, given.fact],
      signature: signatureOf.get(key) ?? [],
      grants: given?.grants ?? [],
    });
  }
  return objects;
}

function toFact({ fact, sql }: FactRow): Fact {
  return { name: fact, sql };
}

/** A fact that some file has made. */
export interface MadeFact {
  /** Key of the object. */
  readonly key: string;
  readonly fact: string;
  /** Hash of the text if `create or replace` can change it; otherwise null. */
  readonly hash: string | null;
}

const MADE_FACTS = `
  with ${OBJECTS}
  select kind, name, fact, case when kind in ('view', 'function', 'trigger') then md5(sql) end as hash
    from (${MADE}) made`;

/** Reads the facts that exist. Read before and after a file is applied, they show what it makes. */
export async function readMade(client: Client): Promise<readonly MadeFact[]> {
  const { rows } = await readingCatalogue(client, () =>
    client.query<{ kind: Kind; name: string; fact: string; hash: string | null }>(MADE_FACTS),
  );
  return rows.map((row) => ({ key: keyOf(row), fact: row.fact, hash: row.hash }));
}

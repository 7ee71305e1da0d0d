import type { Client } from 'pg';
import { applyFiles, applySchemas } from './apply.ts';
import { readDependencies } from './catalogue/dependencies.ts';
import type { Catalogue } from './catalogue/model.ts';
import { readCatalogue } from './catalogue/read.ts';
import { compareCatalogues } from './compare.ts';
import type { Difference } from './compare.ts';
import { describeDatabase } from './describe.ts';
import type { Drop } from './drops.ts';
import { matchGlobs, readMigrations, readSchemaFiles } from './files.ts';
import type { SqlFile } from './files.ts';
import { checkName, migrationPath } from './name.ts';
import { planMigration } from './plan.ts';
import type { Side } from './plan.ts';
import { asPostgres } from './session.ts';
import { migrationText } from './text.ts';

export interface MigrationRequest {
  /** The folder with `config.toml`, `schemas` and `migrations`. */
  readonly folder: string;
  readonly name: string;
  /** Globs of schema files, relative to the folder; empty: everything. */
  readonly only: readonly string[];
  readonly now: Date;
}

/** URLs of two empty Supabase databases, which the generator fills. */
export interface Databases {
  readonly migrated: string;
  readonly declared: string;
}

export interface Generated {
  /** Undefined: nothing has changed. */
  readonly migration: SqlFile | undefined;
  readonly drops: readonly Drop[];
  /** Schema files whose text is in the migration. */
  readonly files: readonly string[];
  /** The differences that the migration leaves, to be changed by hand. */
  readonly byHand: readonly Difference[];
  /** PostgreSQL's message, if it refuses the generated migration. */
  readonly refused: string | undefined;
  /** The text of schema.sql. */
  readonly schema: string;
}

/** The text of schema.sql, from the schema files. Fills the database. */
export async function generateSchema(folder: string, database: string): Promise<string> {
  return asPostgres(database, async (client) => {
    await applyFiles(client, await readSchemaFiles(folder));
    const { catalogue, dependencies } = await readSide(client);
    return describeDatabase(catalogue, dependencies);
  });
}

/**
 * Generates a migration from the database of the migrations to that of the schema files. Applies
 * it, to find the differences that it leaves. Writes no file.
 *
 * @throws Error for an invalid name or glob, and, with the file's name, if PostgreSQL refuses a
 * schema file or an existing migration
 */
export async function generateMigration(request: MigrationRequest, databases: Databases): Promise<Generated> {
  const { folder, now } = request;
  const name = checkName(request.name);
  const [schemas, migrations] = await Promise.all([readSchemaFiles(folder), readMigrations(folder)]);
  const only = request.only.length > 0 ? new Set(matchGlobs(folder, request.only)) : undefined;
  const { applied, declared } = await asPostgres(databases.declared, async (client) => ({
    applied: await applySchemas(client, schemas),
    declared: await readSide(client),
  }));
  const schema = describeDatabase(declared.catalogue, declared.dependencies);

  return asPostgres(databases.migrated, async (client) => {
    await applyFiles(client, migrations);
    const migrated = await readSide(client);
    const plan = planMigration(migrated, declared, applied, only);
    if (plan.empty)
      return { migration: undefined, drops: [], files: [], byHand: [], refused: undefined, schema };

    const path = migrationPath(
      name,
      now,
      migrations.map((migration) => migration.path),
    );
    const result = await tryOut(client, { path, sql: migrationText(plan, []) });
    const left = compareCatalogues(result.catalogue ?? migrated.catalogue, declared.catalogue).filter(
      plan.concerns,
    );
    const byHand = result.catalogue ? left : left.filter((difference) => !plan.isWritten(difference));
    return {
      migration: { path, sql: migrationText(plan, byHand) },
      drops: plan.drops,
      files: [...plan.leading, ...plan.files].map((file) => file.path),
      byHand,
      refused: result.refused,
      schema,
    };
  });
}

async function readSide(client: Client): Promise<Side> {
  return { catalogue: await readCatalogue(client), dependencies: await readDependencies(client) };
}

/** PostgreSQL may refuse the migration: it lacks the statements that are written by hand. */
async function tryOut(
  client: Client,
  migration: SqlFile,
): Promise<{ readonly catalogue?: Catalogue; readonly refused: string | undefined }> {
  try {
    await applyFiles(client, [migration]);
  } catch (error) {
    return { refused: error instanceof Error ? error.message : String(error) };
  }
  return { catalogue: await readCatalogue(client), refused: undefined };
}

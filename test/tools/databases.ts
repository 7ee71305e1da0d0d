import { randomUUID } from 'node:crypto';
import { createDatabaseFromTemplate, dropDatabase } from '../../local/postgres/bootstrap.ts';
import { serverSetting, TEMPLATES } from '../support/servers.ts';

/** Lends the superuser's URL of an empty Supabase database. */
export async function withBareDatabase<T>(use: (url: string) => Promise<T>): Promise<T> {
  const adminUrl = serverSetting('postgres');
  const name = `sql_${randomUUID().replaceAll('-', '')}`;
  const url = await createDatabaseFromTemplate(adminUrl, name, TEMPLATES.bare);
  try {
    return await use(url);
  } finally {
    await dropDatabase(adminUrl, name);
  }
}

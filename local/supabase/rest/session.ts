import type { Pool, PoolClient } from 'pg';
import { inTransaction, withConnection } from '../database.ts';
import type { Setting } from '../database.ts';
import type { Caller } from '../keys.ts';

/** One request to the REST API: one transaction, as the caller. */
export interface RestRequest {
  readonly pool: Pool;
  readonly caller: Caller;
  readonly method: string;
  readonly path: string;
}

/** What the transaction is like; a called function decides about it. */
export interface TransactionMode {
  readonly readOnly: boolean;
  /** Settings of the called function that must hold before its statement starts. */
  readonly hoisted: readonly Setting[];
}

/** The API's own default for `extra_search_path` behind the exposed schema. */
const SEARCH_PATH = 'public, extensions';

/**
 * Runs `plan` on the catalogue, as the login `authenticator`, and then `work` in one transaction under the caller's role.
 *
 * Nothing here listens for the client going away. PostgREST does not cancel the statement of a client that has gone,
 * so a call that timed out for its caller still takes effect, and may run beside its own retry.
 */
export async function runRequest<Plan, T>(
  request: RestRequest,
  plan: (client: PoolClient) => Promise<Plan>,
  mode: (plan: Plan) => TransactionMode,
  work: (client: PoolClient, plan: Plan) => Promise<T>,
): Promise<T> {
  return withConnection(request.pool, async (client) => {
    const planned = await plan(client);
    const { readOnly, hoisted } = mode(planned);
    const { role, claims } = request.caller;
    const settings: Setting[] = [
      ['search_path', SEARCH_PATH],
      // Becoming a role does not bring its settings along (ALTER ROLE … SET works at login only), so PostgREST makes
      // them itself. service_role has none: the 8 s of the login stay in force.
      ...(await roleSettings(client, role)),
      ['role', role],
      ['request.jwt.claims', JSON.stringify(claims)],
      ['request.method', request.method],
      ['request.path', request.path],
      // A function's own SET comes too late for statement_timeout: the statement that calls it is already timed.
      ...hoisted,
    ];
    return inTransaction(client, { readOnly, settings }, () => work(client, planned));
  });
}

async function roleSettings(client: PoolClient, role: string): Promise<Setting[]> {
  const { rows } = await client.query<{ setting: string }>(
    `select unnest(s.setconfig) as setting
       from pg_db_role_setting as s join pg_roles as r on r.oid = s.setrole
      where r.rolname = $1
        and s.setdatabase in (0, (select oid from pg_database where datname = current_database()))
      order by s.setdatabase`,
    [role],
  );
  return rows.map(({ setting }) => splitSetting(setting));
}

/** `name=value`, as the catalogue keeps settings of roles and functions. */
export function splitSetting(setting: string): Setting {
  const at = setting.indexOf('=');
  return [setting.slice(0, at), setting.slice(at + 1)];
}

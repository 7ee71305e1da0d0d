import type { Pool, PoolClient } from 'pg';
import { inTransaction, withConnection } from '../database.ts';
import type { Setting } from '../database.ts';
import type { Caller } from '../keys.ts';

/** One request to the REST API: one transaction under the caller's role. */
export interface RestRequest {
  readonly pool: Pool;
  readonly caller: Caller;
  readonly method: string;
  readonly path: string;
}

/** The mode of the transaction; a called function determines it. */
export interface TransactionMode {
  readonly readOnly: boolean;
  /** Settings of the called function that must be set before its statement starts. */
  readonly hoisted: readonly Setting[];
}

/** The exposed schema, and the API's default for `extra_search_path`. */
const SEARCH_PATH = 'public, extensions';

/**
 * Runs `plan` on the catalogue, as the login `authenticator`, and then `work` in one transaction
 * under the caller's role.
 *
 * A disconnect of the client is ignored. PostgREST does not cancel the statement of a disconnected
 * client, so a call that has timed out for its caller still takes effect, and may run at the same
 * time as its retry.
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
      // SET ROLE does not apply the role's settings (ALTER ROLE … SET works at login only), so
      // PostgREST sets them itself. service_role has none, so the login's 8 s apply.
      ...(await roleSettings(client, role)),
      ['role', role],
      ['request.jwt.claims', JSON.stringify(claims)],
      ['request.method', request.method],
      ['request.path', request.path],
      // A function's own SET is too late for statement_timeout: the timer of the calling statement
      // already runs.
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

/** Parses `name=value`, the form of role and function settings in the system catalogue. */
export function splitSetting(setting: string): Setting {
  const at = setting.indexOf('=');
  return [setting.slice(0, at), setting.slice(at + 1)];
}

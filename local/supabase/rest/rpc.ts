import { escapeIdentifier as quote } from 'pg';
import type { PoolClient } from 'pg';
import type { Setting } from '../database.ts';
import { RestError } from './errors.ts';
import { MAX_ROWS } from './limits.ts';
import { runRequest, splitSetting } from './session.ts';
import type { RestRequest, TransactionMode } from './session.ts';

interface Parameter {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
}

interface FunctionPlan {
  readonly name: string;
  readonly parameters: readonly Parameter[];
  readonly result: { readonly set: boolean; readonly composite: boolean; readonly void: boolean };
  readonly mode: TransactionMode;
}

interface FunctionRow {
  readonly names: string[] | null;
  readonly modes: string[] | null;
  readonly types: string[] | null;
  readonly defaults: number;
  readonly volatility: string;
  readonly set: boolean;
  readonly composite: boolean;
  readonly returns: string;
  readonly settings: string[] | null;
}

export interface RpcAnswer {
  /** JSON text; `undefined` for a function that returns nothing. */
  readonly body: string | undefined;
  /** Number of rows of a set; 1 for a single value. */
  readonly rows: number;
}

/**
 * Calls `public.<name>` with named arguments. The function is looked up on every call, so a new
 * function needs no `notify pgrst`, unlike in PostgREST with its schema cache.
 */
export async function callFunction(
  request: RestRequest,
  name: string,
  args: Readonly<Record<string, unknown>>,
): Promise<RpcAnswer> {
  return runRequest(
    request,
    (client) => findFunction(client, name, Object.keys(args)),
    (plan) => plan.mode,
    async (client, plan) => {
      const { rows } = await client.query<{ body: string; rows: number }>(callSql(plan, args), [
        JSON.stringify(args),
      ]);
      const row = rows[0];
      return { body: plan.result.void ? undefined : (row?.body ?? 'null'), rows: row?.rows ?? 0 };
    },
  );
}

/**
 * The call as one statement. The server converts the JSON body to typed values, so that each
 * argument is parsed by the parameter's type.
 */
function callSql(plan: FunctionPlan, args: Readonly<Record<string, unknown>>): string {
  const given = plan.parameters.filter(({ name }) => Object.hasOwn(args, name));
  const columns = given.map(({ name, type }) => `${quote(name)} ${type}`).join(', ');
  const values = given.map(({ name }) => `${quote(name)} := pgrst_body.${quote(name)}`).join(', ');
  const body =
    given.length === 0
      ? '(select $1::json) as pgrst_body'
      : `(select * from json_to_record($1::json) as _(${columns})) as pgrst_body`;
  const { set, composite } = plan.result;
  const call = `${body}, lateral public.${quote(plan.name)}(${values})`;
  if (plan.result.void) return `select 'null' as body, 0 as rows from ${call} as pgrst_call`;
  const source = composite
    ? `select pgrst_call.* from ${call} as pgrst_call`
    : `select pgrst_call.scalar from ${call} as pgrst_call(scalar)`;
  const item = composite ? 't' : 't.scalar';
  const aggregate = set ? `coalesce(json_agg(${item}), '[]')` : `coalesce(json_agg(${item}) -> 0, 'null')`;
  return `with pgrst_source as (${source})
    select ${aggregate}::text as body, count(*)::int as rows from (select * from pgrst_source limit ${MAX_ROWS}) as t`;
}

async function findFunction(
  client: PoolClient,
  name: string,
  keys: readonly string[],
): Promise<FunctionPlan> {
  const { rows } = await client.query<FunctionRow>(
    `select p.proargnames as names, p.proargmodes::text[] as modes, p.pronargdefaults::int as defaults,
            (select array_agg(format_type(a.type, null) order by a.position)
               from unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) with ordinality as a(type, position)) as types,
            p.provolatile::text as volatility, p.proretset as set, t.typname as returns,
            t.typtype = 'c' or coalesce(p.proargmodes::text[] && '{t,b,o}', false) as composite,
            p.proconfig as settings
       from pg_proc as p join pg_type as t on t.oid = p.prorettype
      where p.pronamespace = 'public'::regnamespace and p.proname = $1 and p.prokind = 'f' and t.typname <> 'trigger'`,
    [name],
  );
  const matching = rows.map((row) => toPlan(name, row)).filter((plan) => accepts(plan, keys));
  const plan = matching[0];
  if (plan === undefined) throw notFound(name, keys);
  if (matching.length > 1) {
    throw new RestError(
      ...([300, 'PGRST203'] as const),
      `Could not choose the best candidate function between: ${matching.map(signature).join(', ')}`,
      null,
      'Try renaming the parameters or the function itself in the database so function overloading can be resolved',
    );
  }
  return plan;
}

function toPlan(name: string, row: FunctionRow): FunctionPlan {
  const inputs = (row.types ?? [])
    .map((type, index) => ({ type, name: row.names?.[index] ?? '', mode: row.modes?.[index] ?? 'i' }))
    .filter(({ mode }) => mode === 'i' || mode === 'b');
  // Only the last inputs can have defaults.
  const parameters = inputs.map(({ name: parameter, type }, index) => ({
    name: parameter,
    type,
    required: index < inputs.length - row.defaults,
  }));
  return {
    name,
    parameters,
    result: { set: row.set, composite: row.composite, void: row.returns === 'void' },
    mode: { readOnly: row.volatility !== 'v', hoisted: hoistedSettings(row.settings ?? []) },
  };
}

/**
 * Of PostgREST's default list (`db-hoisted-tx-settings`), a plain server has only the timeout.
 */
function hoistedSettings(settings: readonly string[]): Setting[] {
  return settings.map(splitSetting).filter(([name]) => name === 'statement_timeout');
}

function accepts(plan: FunctionPlan, keys: readonly string[]): boolean {
  const names = new Set(plan.parameters.map(({ name }) => name));
  return (
    keys.every((key) => names.has(key)) &&
    plan.parameters.every(({ name, required }) => name !== '' && (!required || keys.includes(name)))
  );
}

function signature({ name, parameters }: FunctionPlan): string {
  return `public.${name}(${parameters.map((one) => `${one.name} => ${one.type}`).join(', ')})`;
}

function notFound(name: string, keys: readonly string[]): RestError {
  const sorted = [...keys].sort();
  const wanted =
    sorted.length === 0 ? `public.${name} without parameters` : `public.${name}(${sorted.join(', ')})`;
  const details =
    sorted.length === 0
      ? `Searched for the function public.${name} without parameters, but no matches were found in the schema cache.`
      : `Searched for the function public.${name} with parameters ${sorted.join(', ')}, but no matches were found in the schema cache.`;
  return new RestError(404, 'PGRST202', `Could not find the function ${wanted} in the schema cache`, details);
}

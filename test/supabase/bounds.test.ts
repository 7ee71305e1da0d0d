import { openSupabase, type SupabaseStack } from '../support/supabase.ts';
import { PARAMETERS, type Parameter } from '../support/parameters.ts';
import { withSession } from '../support/sessions.ts';

interface Signature extends Record<string, unknown> {
  readonly name: string;
  readonly parameters: readonly { readonly name: string; readonly type: string }[];
}

let stack: SupabaseStack;
let signatures: readonly Signature[];

beforeAll(async () => {
  stack = await openSupabase();
  signatures = await stack.sql<Signature>(
    `select p.proname as name,
            coalesce((select json_agg(json_build_object('name', p.proargnames[n], 'type', format_type(t, null)) order by n)
                        from unnest(p.proargtypes) with ordinality as a (t, n)), '[]') as parameters
       from pg_proc p where p.pronamespace = 'public'::regnamespace and p.proname like 'legisync\\_%' order by 1`,
  );
});
afterAll(() => stack.close());

/** SQLSTATE and message of the error that a call raises, if any. Its effects are rolled back. */
async function raised(name: string, args: Readonly<Record<string, unknown>>): Promise<[string, string] | []> {
  const { parameters } = signatures.find((one) => one.name === name) ?? { parameters: [] };
  const list = parameters.map(({ name: parameter, type }, n) => `${parameter} => $${n + 1}::${type}`).join();
  const values = parameters.map(({ name: parameter, type }) => {
    const value = args[parameter];
    return type === 'jsonb' && value !== null ? JSON.stringify(value) : value;
  });
  return withSession(stack.databaseUrl, async ({ client }) => {
    await client.query('begin');
    try {
      await client.query(`select public.${name}(${list})`, values);
      return [];
    } catch (error) {
      const { code = '', message } = error as { code?: string; message: string };
      return [code, message];
    } finally {
      await client.query('rollback');
    }
  });
}

const CALLS = Object.entries(PARAMETERS).flatMap(([name, parameters]) =>
  Object.entries(parameters).map(([parameter, { invalid }]) => ({ name, parameter, invalid })),
);
const good = (name: string): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries<Parameter>(PARAMETERS[name] ?? {}).map(([parameter, { valid }]) => [parameter, valid]),
  );

describe('the functions of the API', () => {
  it('are all in the table of this test, with all of their parameters', () => {
    expect(
      Object.fromEntries(signatures.map(({ name, parameters }) => [name, parameters.map((one) => one.name)])),
    ).toEqual(
      Object.fromEntries(
        Object.entries(PARAMETERS).map(([name, parameters]) => [name, Object.keys(parameters)]),
      ),
    );
  });

  it.each(Object.keys(PARAMETERS))(
    '%s accepts valid arguments, so each refusal below has one cause',
    async (name) => {
      expect(await raised(name, good(name))).toEqual([]);
    },
  );

  it.each(CALLS)(
    '$name refuses a $parameter that is null or out of bounds, and names it',
    async ({ name, parameter, invalid }) => {
      for (const value of [null, ...invalid]) {
        const shown = JSON.stringify(value).slice(0, 60);
        const [code, message] = await raised(name, { ...good(name), [parameter]: value });
        expect([shown, code, message]).toEqual([shown, '22023', expect.stringContaining(parameter)]);
      }
    },
  );
});

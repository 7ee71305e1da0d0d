import { registerSearchAttributes } from '../../src/commands/setup/searchAttributes.ts';
import type { Session } from '../../src/cli/run.ts';

/** A server whose operator API answers with a gRPC status, such as Temporal Cloud. */
function sessionOf(code: number): { session: Pick<Session, 'temporal' | 'io'>; printed: string[] } {
  const printed: string[] = [];
  const refused = Object.assign(new Error('refused'), { code, details: 'refused', metadata: {} });
  const connection = {
    operatorService: { listSearchAttributes: () => Promise.reject(refused) },
    withDeadline: <T>(_deadline: number, call: () => Promise<T>) => call(),
  };
  return {
    session: {
      temporal: { connection, namespace: 'lois.abc12' },
      io: { err: (text: string) => printed.push(text) },
    } as unknown as Pick<Session, 'temporal' | 'io'>,
    printed,
  };
}

/** A server that lacks the search attributes, and accepts new ones after some queries. */
function slowServer(refusals: number) {
  const seen = { added: [] as string[], queries: 0, printed: [] as string[] };
  const invalid = Object.assign(new Error('no mapping'), { code: 3, details: 'no mapping', metadata: {} });
  const connection = {
    operatorService: {
      listSearchAttributes: () => Promise.resolve({ customAttributes: {} }),
      addSearchAttributes: ({ searchAttributes }: { searchAttributes: object }) => {
        seen.added.push(...Object.keys(searchAttributes));
        return Promise.resolve({});
      },
    },
    workflowService: {
      countWorkflowExecutions: () => {
        seen.queries += 1;
        return seen.queries <= refusals ? Promise.reject(invalid) : Promise.resolve({});
      },
    },
    withDeadline: <T>(_deadline: number, call: () => Promise<T>) => call(),
  };
  const session = {
    temporal: { connection, namespace: 'default' },
    io: { err: (text: string) => seen.printed.push(text) },
  } as unknown as Pick<Session, 'temporal' | 'io'>;
  return { session, seen };
}

describe('the search attributes, on a server that accepts new ones late', () => {
  it('are waited for, so that the next call of `up` can use them', async () => {
    const { session, seen } = slowServer(2);
    expect(await registerSearchAttributes(session)).toEqual(['LegisyncCollection', 'LegisyncState']);
    expect(seen).toEqual({
      added: ['LegisyncCollection', 'LegisyncState'],
      queries: 3,
      printed: ['Waiting until the server accepts the new search attributes (up to a minute) …'],
    });
  });

  it('are not waited for if the server accepts them at once', async () => {
    const { session, seen } = slowServer(0);
    await registerSearchAttributes(session);
    expect(seen).toMatchObject({ queries: 1, printed: [] });
  });
});

describe('the search attributes, where clients may not register them', () => {
  it.each([7, 12, 16])('are named, and `up` goes on (gRPC status %i)', async (code) => {
    const { session, printed } = sessionOf(code);
    expect(await registerSearchAttributes(session)).toEqual([]);
    expect(printed).toEqual([
      'Warning: this Temporal server does not let clients register search attributes.\n' +
        'Next: create LegisyncCollection (Keyword) and LegisyncState (Keyword) in the settings of namespace lois.abc12, if they do not exist yet',
    ]);
  });

  it('are an error if the server fails otherwise', async () => {
    await expect(registerSearchAttributes(sessionOf(14).session)).rejects.toThrow('refused');
  });
});

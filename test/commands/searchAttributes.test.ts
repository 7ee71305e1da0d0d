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

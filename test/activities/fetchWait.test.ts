import { openStack, type TestStack } from '../support/stack.ts';
import { batchOf, fetchMassive } from './support.ts';

describe('fetchDocuments, MASSIVE, with nothing to do', () => {
  let stack: TestStack;

  beforeAll(async () => {
    stack = await openStack();
  });
  afterAll(() => stack.close());

  it.each([-3, 0, 0.2, 1.5])(
    'returns a wait of at least a second if the database answers %d s',
    async (waitSeconds) => {
      const pass = { pass: 1, complete: false, openSlices: 0, due: 0, waitSeconds };
      const catalogue = { ...stack.deps.catalogue, openPass: () => Promise.resolve(pass) };
      const { waitMs } = await fetchMassive({ ...stack.deps, catalogue }, batchOf('codes', 1));
      expect(waitMs).toBe(Math.max(1_000, waitSeconds * 1_000));
    },
  );
});

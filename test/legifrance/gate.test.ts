import { createGate } from '../../src/legifrance/transport/gate.ts';

describe('the gate', () => {
  const never = new AbortController().signal;

  it('admits the lowest rank first, then the oldest request', async () => {
    const gate = createGate(1);
    const order: string[] = [];
    const held = Promise.withResolvers<undefined>();
    const first = gate.run(() => held.promise, never, 5);
    const come = (name: string, rank: number): Promise<void> =>
      gate.run(
        () => {
          order.push(name);
          return Promise.resolve();
        },
        never,
        rank,
      );
    const others = [come('young', 20), come('old', 10), come('urgent', 1), come('old too', 10)];
    held.resolve(undefined);
    await Promise.all([first, ...others]);
    expect(order).toEqual(['urgent', 'old', 'old too', 'young']);
  });

  it('lets the requests of 40 activities with 50 documents each wait, and refuses more', async () => {
    const gate = createGate(50);
    const held = Promise.withResolvers<undefined>();
    const work = (): Promise<undefined> => held.promise;
    const admitted = Array.from({ length: 50 + 2_000 }, () => gate.run(work, never, 7));
    await expect(gate.run(work, never, 7)).rejects.toMatchObject({ code: 'LEGIFRANCE_THROTTLED' });
    held.resolve(undefined);
    await expect(Promise.all(admitted)).resolves.toHaveLength(2_050);
  });

  it('passes the place of an aborted waiter to the next', async () => {
    const gate = createGate(1);
    const held = Promise.withResolvers<undefined>();
    const first = gate.run(() => held.promise, never, 0);
    const leaving = new AbortController();
    const left = gate.run(() => Promise.resolve('never'), leaving.signal, 0);
    const next = gate.run(() => Promise.resolve('done'), never, 0);
    leaving.abort(new Error('no longer'));
    await expect(left).rejects.toThrow('no longer');
    held.resolve(undefined);
    await first;
    await expect(next).resolves.toBe('done');
  });
});

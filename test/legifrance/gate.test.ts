import { createGate } from '../../src/legifrance/transport/gate.ts';

describe('the gate in front of the API', () => {
  const never = new AbortController().signal;

  it('lets the lowest rank go first, then whoever came first', async () => {
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

  it('lets all wait that 40 activities with 50 documents in work each can bring, and pushes back what is more', async () => {
    const gate = createGate(50);
    const held = Promise.withResolvers<undefined>();
    const work = (): Promise<undefined> => held.promise;
    const admitted = Array.from({ length: 50 + 2_000 }, () => gate.run(work, never, 7));
    await expect(gate.run(work, never, 7)).rejects.toMatchObject({ code: 'LEGIFRANCE_THROTTLED' });
    held.resolve(undefined);
    await expect(Promise.all(admitted)).resolves.toHaveLength(2_050);
  });

  it('gives the place of one who left while waiting to the next', async () => {
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

import { createGate } from '../../src/legifrance/gate.ts';

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

import { EventEmitter } from 'node:events';
import type { PartExit } from '../../local/launcher/child.ts';
import { prepareShutdown } from '../../local/launcher/shutdown.ts';
import { supervise, type SupervisedPart } from '../../local/launcher/supervise.ts';

/** A part that ends when it is stopped, or when the test calls `die`. */
function fakePart(): SupervisedPart & { readonly die: () => void; readonly stops: number[] } {
  const ended = Promise.withResolvers<PartExit>();
  const stops: number[] = [];
  const end = (expected: boolean) => ended.resolve({ code: 0, signal: null, expected });
  return {
    name: 'part',
    pid: 2,
    startTime: 'now',
    stopSignal: 'SIGTERM',
    exited: ended.promise,
    stop: (deadlineMs) => {
      stops.push(deadlineMs);
      end(true);
      return ended.promise;
    },
    kill: () => end(true),
    die: () => end(false),
    stops,
  };
}

describe('a supervised part', () => {
  const lines: string[] = [];
  const log = (line: string): void => {
    lines.push(line);
  };
  const signals = () => new EventEmitter();

  it('is restarted when it ends, even if the first attempts fail', async () => {
    const shutdown = prepareShutdown({ log, signals: signals() });
    const [first, second] = [fakePart(), fakePart()];
    const up = Promise.withResolvers<undefined>();
    const starts = [
      () => Promise.resolve(first),
      () => Promise.reject(new Error('a part that it needs is not ready')),
      () => Promise.reject(new Error('still not ready')),
      () => {
        up.resolve(undefined);
        return Promise.resolve(second);
      },
    ];
    const onLost = jest.fn();
    await supervise({
      start: () => starts.shift()?.() ?? Promise.reject(new Error('too often')),
      onLost,
      shutdown,
      log,
    });
    first.die();
    await up.promise;
    await shutdown.begin('the end of the test');
    await second.exited;
    expect(second.stops).toHaveLength(1);
    expect(onLost).not.toHaveBeenCalled();
    shutdown.dispose();
  });

  it('is reported as lost after too many restarts', async () => {
    const shutdown = prepareShutdown({ log, signals: signals() });
    const first = fakePart();
    let starts = 0;
    const lost = Promise.withResolvers<Error>();
    await supervise({
      start: () => {
        starts += 1;
        return starts === 1 ? Promise.resolve(first) : Promise.reject(new Error('never'));
      },
      onLost: lost.resolve,
      shutdown,
      log,
    });
    first.die();
    expect((await lost.promise).message).toContain('within a minute');
    expect(starts).toBe(6);
    await shutdown.begin('the end of the test');
    shutdown.dispose();
  });

  it('is stopped too if it becomes ready during the shutdown', async () => {
    const shutdown = prepareShutdown({ log, signals: signals() });
    const [first, late] = [fakePart(), fakePart()];
    const starting = Promise.withResolvers<undefined>();
    const started = Promise.withResolvers<SupervisedPart>();
    const starts = [
      () => Promise.resolve<SupervisedPart>(first),
      () => {
        starting.resolve(undefined);
        return started.promise;
      },
    ];
    const onLost = jest.fn();
    await supervise({
      start: () => starts.shift()?.() ?? Promise.reject(new Error('once more')),
      onLost,
      shutdown,
      log,
    });
    first.die();
    await starting.promise;
    await shutdown.begin('the end of the test');
    started.resolve(late);
    await late.exited;
    expect(late.stops).toHaveLength(1);
    expect(onLost).not.toHaveBeenCalled();
    shutdown.dispose();
  });
});

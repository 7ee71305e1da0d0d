import type { Dispatcher } from 'undici';
import { Arrivals, type ArrivalStats } from '../../local/legifrance/arrivals.ts';
import { Throttle } from '../../local/legifrance/throttle.ts';
import { createLegifrance, type LegifranceClient } from '../../src/legifrance/client.ts';
import { createProcessQuota } from '../../src/legifrance/quota/quota.ts';
import { articleAnswer, type FakeClock } from './support.ts';

export interface FakeApi {
  readonly legifrance: LegifranceClient;
  /** Status of every answer, in the order of the arrivals. */
  readonly statuses: number[];
  readonly arrivals: () => ArrivalStats;
}

export interface FakeApiOptions {
  /** How long request `n` (from 0) travels, in milliseconds. */
  readonly travelMs: (n: number) => number;
  /** Resolves when the answer to a request that has arrived may be sent. */
  readonly process: () => Promise<void>;
}

/**
 * A client with a quota of 20 requests a second, and an API with the same limit, both on `clock`.
 * There are no sockets and no real timers, so the arrivals do not depend on the machine's speed.
 */
export function fakeApi(clock: FakeClock, { travelMs, process }: FakeApiOptions): FakeApi {
  const throttle = new Throttle(20);
  const arrivals = new Arrivals();
  const statuses: number[] = [];
  let sent = 0;

  const request = async ({ path, body }: { readonly path: string; readonly body: string }) => {
    if (path === '/token') return response(200, { access_token: 'token', expires_in: 3600 });
    const travel = travelMs(sent);
    sent += 1;
    await pause(clock, travel);
    arrivals.record(clock.now());
    const status = throttle.admit(clock.now()) ? 200 : 429;
    statuses.push(status);
    await process();
    const { id } = JSON.parse(body) as { id: string };
    return response(status, status === 200 ? articleAnswer(id) : {});
  };

  const legifrance = createLegifrance({
    apiUrl: 'http://api',
    tokenUrl: 'http://api/token',
    clientId: 'id',
    clientSecret: () => 'secret',
    quota: createProcessQuota({
      perSecond: 20,
      perHour: 24_000,
      perDay: 280_000,
      pacing: 'burst',
      clock,
    }),
    clock,
    dispatcher: { request } as unknown as Dispatcher,
  });
  return { legifrance, statuses, arrivals: () => arrivals.stats() };
}

/** Resolves after `ms` on `clock`. */
export function pause(clock: FakeClock, ms: number): Promise<void> {
  return ms === 0 ? Promise.resolve() : new Promise((resolve) => clock.after(ms, resolve));
}

function response(statusCode: number, body: object) {
  const headers = { 'content-type': 'application/json' };
  return { statusCode, headers, body: [Buffer.from(JSON.stringify(body))] };
}

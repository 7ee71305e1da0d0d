/** Counters of the quota: how much was sent in the last second, hour and day. Times are milliseconds of one clock. */
export interface Counter {
  /**
   * The earliest time at which one more send stays within the limit, less the `kept` sends that are not for this one;
   * in the past where there is room now.
   */
  roomAt(now: number, kept?: number): number;
  /** Notes a send at `now`. */
  add(now: number): void;
}

/** The count of the last second. */
export interface Second {
  roomAt(): number;
  /** Notes a send at `now`; the function returned notes when it is known to have arrived. */
  add(now: number): (arrivedBy: number) => void;
}

/**
 * A second, strictly, as the other side sees it: by arrivals, of which we only know that each lies between our send and
 * the answer. A new connection's handshakes, a cold start or a stall can hold one request up and not the twentieth after
 * it, which makes 21 arrivals in a second of 20 well-spaced sends. So a place is free again a second (and `marginMs`)
 * after the *latest* that its request can have arrived: its answer, or `travelMs` after its send where that is sooner.
 *
 * Why that holds: take any 21 requests, `a` the first sent of them and `b` the last. Since at least 20 were sent from
 * `a` on before `b`, `b` was sent a second after `a` had arrived, and so arrived later still.
 */
export function createSecond(limit: number, travelMs: number, marginMs: number): Second {
  const arrived = new Float64Array(limit).fill(-Infinity);
  const owner = new Float64Array(limit);
  let sends = 0;
  return {
    roomAt: () => (arrived[sends % limit] ?? -Infinity) + 1_000 + marginMs,
    add(now) {
      const send = sends;
      const place = send % limit;
      sends += 1;
      owner[place] = send;
      arrived[place] = now + travelMs;
      return (arrivedBy) => {
        if (owner[place] === send) arrived[place] = Math.min(now + travelMs, arrivedBy);
      };
    },
  };
}

/**
 * A long window in little memory: one number for each `bucketMs`, where a list of times would hold 280,000 of them.
 * A bucket counts whole for as long as any of it may lie inside the window, so the limit holds in every sliding window,
 * at the price of `bucketMs / spanMs` of it. `spanMs` is a multiple of `bucketMs`.
 */
export function createRolling(limit: number, spanMs: number, bucketMs: number): Counter {
  const span = spanMs / bucketMs;
  const counts = new Uint32Array(span + 1);
  let newest = -Infinity;
  let total = 0;

  const at = (bucket: number): number => ((bucket % counts.length) + counts.length) % counts.length;

  function advance(now: number): void {
    const bucket = Math.floor(now / bucketMs);
    for (let left = Math.max(newest + 1, bucket - span); left <= bucket; left += 1) {
      total -= counts[at(left)] ?? 0;
      counts[at(left)] = 0;
    }
    newest = Math.max(newest, bucket);
  }

  return {
    roomAt(now, kept = 0) {
      advance(now);
      let held = total;
      let bucket = newest - span;
      while (held >= limit - kept && bucket <= newest) {
        held -= counts[at(bucket)] ?? 0;
        bucket += 1;
      }
      // `bucket` is the first that may stay: the one before it leaves when `newest` has come `span` past it.
      return bucket === newest - span ? -Infinity : (bucket + span) * bucketMs;
    },
    add(now) {
      advance(now);
      counts[at(newest)] = (counts[at(newest)] ?? 0) + 1;
      total += 1;
    },
  };
}

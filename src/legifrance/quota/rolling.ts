/** Counts the sends of the last hour or day. Times are milliseconds of one clock. */
export interface Counter {
  /**
   * The earliest time at which one more send stays within the limit minus `kept`, the part of it
   * that is reserved for other sends. A time in the past if there is room now.
   */
  roomAt(now: number, kept?: number): number;
  /** Counts a send at `now`. */
  add(now: number): void;
}

/** Counts the sends of the last second. */
export interface Second {
  roomAt(): number;
  /** Counts a send at `now`. Call the returned function with a time by which it has arrived. */
  add(now: number): (arrivedBy: number) => void;
}

/**
 * Counts the last second as the API does: by arrivals. We only know that a request arrives between
 * our send and its answer. A new connection's handshake, a cold start or a stall can delay one
 * request but not the twentieth after it: 20 well-spaced sends then make 21 arrivals in one second.
 * A place is therefore free again one second (plus `marginMs`) after the *latest* possible arrival
 * of its request: the time of its answer, or `travelMs` after its send if that is sooner.
 *
 * Proof: of any 21 requests, let `a` be the first sent and `b` the last. At least 20 were sent
 * before `b`, from `a` on, so `b` was sent more than a second after the arrival of `a`, and arrived
 * later still.
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
 * Counts a long window in little memory: one number for each `bucketMs`. A list of times would have
 * 280,000 entries. A bucket counts in full while any part of it may lie inside the window. The
 * limit therefore holds in every sliding window, at a cost of `bucketMs / spanMs` of it. `spanMs`
 * must be a multiple of `bucketMs`.
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
      // `bucket` is the first that may stay. The one before it leaves the window `span` buckets
      // later.
      return bucket === newest - span ? -Infinity : (bucket + span) * bucketMs;
    },
    add(now) {
      advance(now);
      counts[at(newest)] = (counts[at(newest)] ?? 0) + 1;
      total += 1;
    },
  };
}

/**
 * Server-side times as the API reports them in `executionTime`: every answer has another one than the answer before, so a
 * hash over a whole body never stands still. 37 is prime to the widths used, so each walks its whole range.
 */
export function createExecutionTimes() {
  let answers = 0;
  const next = (least: number, width: number): number => {
    answers += 1;
    return least + ((answers * 37) % width);
  };
  return {
    /** 0 to 33 ms, as consult answers. */
    consult: () => next(0, 34),
    /** 43 to 261 ms, as search answers. */
    search: () => next(43, 219),
  };
}

export type ExecutionTimes = ReturnType<typeof createExecutionTimes>;

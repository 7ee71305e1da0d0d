/**
 * Processing times for `executionTime`. Each answer has another one than the previous answer, so a
 * hash of the whole body always changes. 37 is coprime to the widths, so each sequence covers its
 * whole range.
 */
export function createExecutionTimes() {
  let answers = 0;
  const next = (least: number, width: number): number => {
    answers += 1;
    return least + ((answers * 37) % width);
  };
  return {
    /** 0 to 33 ms, as in real consult answers. */
    consult: () => next(0, 34),
    /** 43 to 261 ms, as in real search answers. */
    search: () => next(43, 219),
  };
}

export type ExecutionTimes = ReturnType<typeof createExecutionTimes>;

/** The hosted default of `max-rows`. Results beyond it are cut off, and nothing in the answer says so. */
export const MAX_ROWS = 1_000;

/**
 * The hosted default of `max-rows`. Further rows are cut off silently.
 */
export const MAX_ROWS = 1_000;

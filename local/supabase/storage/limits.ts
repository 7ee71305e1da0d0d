/** The hosted default of UPLOAD_FILE_SIZE_LIMIT_STANDARD, 50 MiB: no object is larger, whatever its bucket allows. */
export const MAX_OBJECT_BYTES = 52_428_800;

/** Storage's list answers at most this many entries, whatever limit is asked for. */
export const MAX_LIST_ENTRIES = 1_500;

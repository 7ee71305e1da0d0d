/**
 * The hosted default of UPLOAD_FILE_SIZE_LIMIT_STANDARD, 50 MiB: the maximum for any object,
 * whatever its bucket allows.
 */
export const MAX_OBJECT_BYTES = 52_428_800;

/** Maximum number of entries in Storage's list, whatever limit is requested. */
export const MAX_LIST_ENTRIES = 1_500;

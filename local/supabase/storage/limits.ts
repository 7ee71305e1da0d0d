/**
 * The hosted default of UPLOAD_FILE_SIZE_LIMIT_STANDARD, 50 MiB: the maximum for any object,
 * whatever its bucket allows.
 */
export const MAX_OBJECT_BYTES = 52_428_800;

/**
 * A longer body is read to its end and then refused, as the real service does: a client that is cut
 * off while it sends sees a lost connection. Beyond this, it is cut off.
 */
export const MAX_READ_BYTES = 1_073_741_824;

/** Maximum number of entries in Storage's list, whatever limit is requested. */
export const MAX_LIST_ENTRIES = 1_500;

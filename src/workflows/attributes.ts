import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';

/** What the collection is doing; see `SEARCH_ATTRIBUTES` in contract/names.ts. */
export const STATE_ATTRIBUTE = defineSearchAttributeKey('LegisyncState', SearchAttributeType.KEYWORD);

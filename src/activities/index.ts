import type {
  BackfillChunkInput,
  BackfillChunkResult,
  OpenBackfillInput,
  OpenBackfillResult,
} from '../contract/backfill.ts';
import type { CoherenceInput, MeasureResult } from '../contract/coherence.ts';
import type {
  Controls,
  EnqueueInput,
  EnqueueResult,
  FetchInput,
  FetchResult,
  UploadInput,
  UploadResult,
} from '../contract/collecting.ts';
import { backfillChunk, openBackfill } from './backfill.ts';
import { measureCoherence } from './coherence.ts';
import type { ActivityDeps } from './deps.ts';
import { enqueueDocuments } from './enqueue.ts';
import { fetchDocuments } from './fetch.ts';
import { withHeartbeat } from './liveness.ts';
import { uploadDocuments } from './upload.ts';

/** The steps with effects. Each may be repeated, and may come late or twice. */
export interface Activities {
  /** The next documents of a collection that need work, after looking for new ones. */
  fetchDocuments(input: FetchInput): Promise<FetchResult>;
  /**
   * Consults each document that the batch still holds, and puts it into the bucket where the object
   * is absent or has another hash.
   */
  uploadDocuments(input: UploadInput): Promise<UploadResult>;
  /** Queue rows and catalogue states of a batch, in one transaction. */
  enqueueDocuments(input: EnqueueInput): Promise<EnqueueResult>;
  /** Keeps what an operator set where it outlives Temporal's database. */
  saveControls(collection: string, controls: Controls): Promise<void>;
  /** Begins a backfill, or resumes the unfinished one; and counts the bucket's objects. */
  openBackfill(input: OpenBackfillInput): Promise<OpenBackfillResult>;
  /** One chunk of a backfill, in one transaction. */
  backfillChunk(input: BackfillChunkInput): Promise<BackfillChunkResult>;
  /** Compares Storage and files_queue; a difference beyond the limits is logged as a warning. */
  measureCoherence(input: CoherenceInput): Promise<MeasureResult>;
}

export function createActivities(deps: ActivityDeps): Activities {
  return {
    fetchDocuments: (input) => fetchDocuments(deps, input),
    uploadDocuments: (input) => uploadDocuments(deps, input),
    enqueueDocuments: (input) => enqueueDocuments(deps, input),
    openBackfill: (input) => openBackfill(deps, input),
    backfillChunk: (input) => backfillChunk(deps, input),
    measureCoherence: (input) => measureCoherence(deps, input),
    saveControls: (collection, controls) =>
      withHeartbeat(
        () => null,
        () => deps.catalogue.saveControls(collection, controls),
      ),
  };
}

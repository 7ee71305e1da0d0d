import type { MassiveStack } from '../support/massive.ts';

/** Every one of the `documents` is uploaded and queued exactly once, and pending. */
export async function expectLedger({ stack }: MassiveStack, documents: number): Promise<void> {
  const [ledger] = await stack.sql(`
    select count(*)::int as rows, count(distinct q.file_path)::int as paths, count(o.id)::int as objects,
           count(*) filter (where q.status = 'pending')::int as pending
      from public.files_queue q full join storage.objects o on o.name = q.file_path and o.bucket_id = q.bucket_id`);
  expect(ledger).toEqual({ rows: documents, paths: documents, objects: documents, pending: documents });
  expect((await stack.gateway.stats()).sameHashUploadsMax).toBeLessThanOrEqual(1);
}

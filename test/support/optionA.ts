/** Exactly the statement with which operators fill files_queue batch by batch. */
export const OPTION_A = `-- OPTION A : Batch par batch (recommandé pour >500k fichiers)
INSERT INTO files_queue (file_path, bucket_id, file_size, status, processed)
SELECT 
    name as file_path,
    bucket_id,
    (metadata->>'size')::BIGINT as file_size,
    'pending' as status,
    FALSE as processed
FROM storage.objects
WHERE bucket_id = 'agentbasic-legifrance-raw'
LIMIT 100000 OFFSET 0  -- Ajuster OFFSET : 0, 100000, 200000, etc.
ON CONFLICT (file_path) DO NOTHING;`;

import { startWorker } from '../support/workers.ts';

describe('a worker that finds no Temporal server', () => {
  it('ends with exit code 1, and its last words hold no secret, though they quote one', async () => {
    // Nobody listens there, and the message names the place: which this once is a secret too.
    const place = '127.0.0.1:9';
    const worker = startWorker({
      PATH: process.env['PATH'] ?? '',
      HOME: process.env['HOME'] ?? '',
      PISTE_CLIENT_ID: 'id',
      PISTE_CLIENT_SECRET: place,
      SUPABASE_URL: 'http://127.0.0.1:9',
      SUPABASE_SERVICE_ROLE_KEY: 'sb_secret_canary',
      TEMPORAL_ADDRESS: place,
    });
    expect(await worker.ended).toBe(1);
    expect(worker.output()).toContain('[secret]');
    expect(worker.output()).not.toContain(place);
  });
});

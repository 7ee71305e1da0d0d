import { startWorker } from '../support/workers.ts';

describe('a worker that finds no Temporal server', () => {
  it('ends with exit code 1, and its last message hides a secret that it quotes', async () => {
    // Nothing listens at this address. The message names it, and here it is also a secret.
    const address = '127.0.0.1:9';
    const worker = startWorker({
      PATH: process.env['PATH'] ?? '',
      HOME: process.env['HOME'] ?? '',
      PISTE_CLIENT_ID: 'id',
      PISTE_CLIENT_SECRET: address,
      SUPABASE_URL: 'http://127.0.0.1:9',
      SUPABASE_SERVICE_ROLE_KEY: 'sb_secret_canary',
      TEMPORAL_ADDRESS: address,
    });
    expect(await worker.ended).toBe(1);
    expect(worker.output()).toContain('[secret]');
    expect(worker.output()).not.toContain(address);
  });
});

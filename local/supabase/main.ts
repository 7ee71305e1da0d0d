import { z } from 'zod';
import { createGateway } from './gateway.ts';

/**
 * Settings come from the environment, because every user of the machine can read arguments.
 */
const settings = z.object({
  GATEWAY_DATABASE_URL: z.url(),
  GATEWAY_STORAGE_DIR: z.string().min(1),
  GATEWAY_JWT_SECRET: z.string().min(1),
  GATEWAY_HOST: z.string().default('127.0.0.1'),
  GATEWAY_PORT: z.coerce.number().int().min(0).max(65_535).default(0),
});

const parsed = settings.safeParse(process.env);
if (!parsed.success) {
  console.error(`The gateway's settings are invalid:\n${z.prettifyError(parsed.error)}`);
  process.exit(2);
}
const env = parsed.data;
const gateway = await createGateway({
  databaseUrl: env.GATEWAY_DATABASE_URL,
  storageDir: env.GATEWAY_STORAGE_DIR,
  jwtSecret: env.GATEWAY_JWT_SECRET,
  host: env.GATEWAY_HOST,
  port: env.GATEWAY_PORT,
});
// The parent process waits for this line.
console.log(JSON.stringify({ event: 'gateway:ready', url: gateway.url }));

let ending: Promise<void> | undefined;
const end = (): void => {
  ending ??= gateway.close().finally(() => process.exit(0));
};
process.once('SIGTERM', end);
process.once('SIGINT', end);
// If there is an IPC channel, its end means that the parent has ended, even if it was killed.
process.once('disconnect', end);

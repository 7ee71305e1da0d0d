import { z } from 'zod';
import { createGateway } from './gateway.ts';

/** Settings come by the environment, not by arguments: arguments are readable for everybody on the machine. */
const settings = z.object({
  GATEWAY_DATABASE_URL: z.url(),
  GATEWAY_STORAGE_DIR: z.string().min(1),
  GATEWAY_JWT_SECRET: z.string().min(1),
  GATEWAY_HOST: z.string().default('127.0.0.1'),
  GATEWAY_PORT: z.coerce.number().int().min(0).max(65_535).default(0),
});

const parsed = settings.safeParse(process.env);
if (!parsed.success) {
  console.error(`The gateway's settings are wrong:\n${z.prettifyError(parsed.error)}`);
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
// The one line that whoever started this waits for.
console.log(JSON.stringify({ event: 'gateway:ready', url: gateway.url }));

let ending: Promise<void> | undefined;
const end = (): void => {
  ending ??= gateway.close().finally(() => process.exit(0));
};
process.once('SIGTERM', end);
process.once('SIGINT', end);
// Started with an IPC channel: its end means that the parent is gone, also when it was killed.
process.once('disconnect', end);

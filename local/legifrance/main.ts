import { Command, InvalidArgumentError, Option } from 'commander';
import type { SimulatorOptions } from './options.ts';
import { createSimulator } from './simulator.ts';

/**
 * Prefix of environment variables for options, for example `LEGIFRANCE_SIMULATOR_PORT`.
 */
const ENV = 'LEGIFRANCE_SIMULATOR_';

function number(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value))
    throw new InvalidArgumentError(`"${text}" is not a number.`);
  return value;
}

function list(text: string): string[] {
  return text.split(',').filter((item) => item !== '');
}

interface Flags {
  readonly host?: string;
  readonly port?: number;
  readonly clientId?: string;
  readonly clientSecret?: string;
  readonly tokenLifetimeSeconds?: number;
  readonly tokenPrefix?: string;
  readonly codes?: string[];
  readonly decisions?: number;
  readonly seed?: number;
  readonly rate?: number;
  readonly retryAfterSeconds?: number;
  readonly latencyMs?: number;
  readonly jitterMs?: number;
}

const program = new Command('legifrance-simulator')
  .description('Simulates PISTE and Légifrance on this machine: tokens, search, consult, quota, faults.')
  .addOption(new Option('--host <address>', 'address to listen on (default 127.0.0.1)').env(`${ENV}HOST`))
  .addOption(
    new Option('--port <number>', 'port, 0 for a free one (default 0)').env(`${ENV}PORT`).argParser(number),
  )
  .addOption(new Option('--client-id <text>', 'client id of the PISTE application').env(`${ENV}CLIENT_ID`))
  .addOption(
    new Option('--client-secret <text>', 'client secret of the PISTE application').env(`${ENV}CLIENT_SECRET`),
  )
  .addOption(
    new Option('--token-lifetime-seconds <n>', 'lifetime of an access token (default 3600)')
      .env(`${ENV}TOKEN_LIFETIME_SECONDS`)
      .argParser(number),
  )
  .addOption(new Option('--token-prefix <text>', 'beginning of every access token').env(`${ENV}TOKEN_PREFIX`))
  .addOption(
    new Option('--codes <ids>', 'codes to load, separated by commas; empty for none (default: all four)')
      .env(`${ENV}CODES`)
      .argParser(list),
  )
  .addOption(
    new Option('--decisions <n>', 'decisions to generate, up to 1,000,000 (default 0)')
      .env(`${ENV}DECISIONS`)
      .argParser(number),
  )
  .addOption(
    new Option('--seed <n>', 'seed of the generated documents (default 1)')
      .env(`${ENV}SEED`)
      .argParser(number),
  )
  .addOption(new Option('--rate <n>', 'requests a second (default 20)').env(`${ENV}RATE`).argParser(number))
  .addOption(
    new Option('--retry-after-seconds <n>', 'Retry-After of a 429 answer (default: no header)')
      .env(`${ENV}RETRY_AFTER_SECONDS`)
      .argParser(number),
  )
  .addOption(
    new Option('--latency-ms <n>', 'fixed delay of each answer (default 0)')
      .env(`${ENV}LATENCY_MS`)
      .argParser(number),
  )
  .addOption(
    new Option('--jitter-ms <n>', 'maximum additional random delay (default 0)')
      .env(`${ENV}JITTER_MS`)
      .argParser(number),
  );

program.parse();
// Not checked here: createSimulator checks all values and reports every error.
const { latencyMs, jitterMs, codes, ...flags } = program.opts<Flags>();
const options = {
  ...flags,
  ...(codes === undefined ? {} : { codes }),
  latency: { fixedMs: latencyMs ?? 0, jitterMs: jitterMs ?? 0 },
} as SimulatorOptions;

try {
  const simulator = await createSimulator(options);
  // One line for a parent process to parse.
  console.log(
    JSON.stringify({
      ready: true,
      url: simulator.url,
      apiUrl: simulator.apiUrl,
      tokenUrl: simulator.tokenUrl,
    }),
  );
  const stop = () => {
    void simulator.close();
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

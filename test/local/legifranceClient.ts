import type { SimulatorOptions } from '../../local/legifrance/options.ts';
import { createSimulator, type Simulator } from '../../local/legifrance/simulator.ts';

/** A parsed JSON object. */
export type Json = Record<string, unknown>;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: Json;
}

export interface Client {
  readonly simulator: Simulator;
  /** A POST with a valid token, or with `authorization`; null sends no token. */
  readonly post: (path: string, body: unknown, authorization?: string | null) => Promise<Answer>;
  readonly token: () => Promise<string>;
}

export const CRPA = 'LEGITEXT000031366350';

/** The error of `fetch` when the server cuts the connection. */
export const CUT_OFF = {
  message: 'fetch failed',
  cause: { code: expect.stringMatching(/^(UND_ERR_SOCKET|ECONNRESET)$/) as string },
};

/** Ends a test that hangs. */
const DEADLINE_MS = 50_000;

/** Runs `run` with a simulator (by default without real codes), and closes it. */
export async function withSimulator(
  options: SimulatorOptions,
  run: (client: Client) => Promise<void>,
  now?: () => number,
): Promise<void> {
  const simulator = await createSimulator({ codes: [], rate: 10_000, ...options }, now);
  try {
    await run(createClient(simulator));
  } finally {
    await simulator.close();
  }
}

export function createClient(simulator: Simulator): Client {
  let first: Promise<string> | undefined;
  const token = async () => (await askToken(simulator, {})).body['access_token'] as string;
  return {
    simulator,
    token,
    post: async (path, body, authorization) => {
      first ??= token();
      const header = authorization === undefined ? `Bearer ${await first}` : authorization;
      const response = await fetch(simulator.apiUrl + path, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(header === null ? {} : { authorization: header }),
        },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(DEADLINE_MS),
      });
      return answerOf(response);
    },
  };
}

/** Requests a token with the default credentials, changed by `form`. */
export async function askToken(
  simulator: Simulator,
  form: Readonly<Record<string, string>>,
): Promise<Answer> {
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: 'legisync-local',
    client_secret: 'legisync-local-secret',
    scope: 'openid',
    ...form,
  });
  return answerOf(
    await fetch(simulator.tokenUrl, { method: 'POST', body, signal: AbortSignal.timeout(DEADLINE_MS) }),
  );
}

/** A search for one value; `recherche` overrides parts of it. */
export function searchFor(fond: string, valeur: string, recherche: Json = {}, typeChamp = 'ALL'): Json {
  const criteres = [{ typeRecherche: 'TOUS_LES_MOTS_DANS_UN_CHAMP', valeur, operateur: 'ET' }];
  return {
    fond,
    recherche: {
      champs: [{ typeChamp, operateur: 'ET', criteres }],
      filtres: [],
      operateur: 'ET',
      pageNumber: 1,
      pageSize: 100,
      sort: 'DATE_ASC',
      typePagination: 'DEFAUT',
      ...recherche,
    },
  };
}

async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text();
  let body: Json = {};
  try {
    body = JSON.parse(text) as Json;
  } catch {
    // Some answers are not JSON on purpose; their tests check the text.
  }
  return { status: response.status, headers: response.headers, text, body };
}

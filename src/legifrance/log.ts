/** The minimum that is asked of a logger; pino's fits. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

const silence = (): void => undefined;

export const noLog: Log = { debug: silence, info: silence, warn: silence };

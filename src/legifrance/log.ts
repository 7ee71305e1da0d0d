/** The part of a logger that the client needs; a pino logger has it. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

const ignore = (): void => undefined;

export const noLog: Log = { debug: ignore, info: ignore, warn: ignore };

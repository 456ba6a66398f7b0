import type { LoggerService } from '@nestjs/common';
import { pino, type Logger } from 'pino';
import { logOutput } from './log-output.js';

type Level = 'trace' | 'debug' | 'info' | 'warn' | 'error';

/** Nest's sources of log lines about every module and route during the start. `main` reports why a start failed. */
const NEST_START = new Set([
  'NestFactory',
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestApplication',
  'ExceptionHandler',
]);

/**
 * Returns the properties of an error to log. Others are left out: a failed query carries its parameters, which are
 * users' texts and digests of their secrets.
 */
function describeError(error: unknown): object {
  if (!(error instanceof Error)) return { type: typeof error };
  const { code, query } = error as { code?: unknown; query?: unknown };
  const { constructor, message, stack, cause } = error;
  const because = cause instanceof Error ? describeError(cause) : undefined;
  return { type: constructor.name, message, code, query, stack, cause: because };
}

/** Creates the logger. It writes JSON lines, or readable lines on a terminal. */
export async function createLogger(
  level: string,
  isTerminal = process.stdout.isTTY,
): Promise<Logger> {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { err: describeError },
  };
  if (!isTerminal) return pino(options, logOutput(false));
  const { default: pinoPretty } = await import('pino-pretty');
  return pino(options, pinoPretty({ singleLine: true, destination: logOutput(true) }));
}

/** Passes Nest's log lines to pino. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, ...rest: unknown[]): void {
    this.write('info', message, rest);
  }
  error(message: unknown, ...rest: unknown[]): void {
    this.write('error', message, rest);
  }
  warn(message: unknown, ...rest: unknown[]): void {
    this.write('warn', message, rest);
  }
  debug(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest);
  }
  verbose(message: unknown, ...rest: unknown[]): void {
    this.write('trace', message, rest);
  }

  /** Writes one line. Nest passes the context last, and before it a stack for errors. */
  private write(level: Level, message: unknown, rest: unknown[]): void {
    const context = rest.pop();
    const quiet = typeof context === 'string' && NEST_START.has(context) && level !== 'warn';
    const line = { context, ...fieldsOf(message) };
    const texts = [message, ...rest].filter((text) => typeof text === 'string');
    this.logger[quiet ? 'debug' : level](line, texts.join('\n'));
  }
}

function fieldsOf(message: unknown): object {
  if (message instanceof Error) return { err: message };
  return typeof message === 'object' && message !== null ? message : {};
}

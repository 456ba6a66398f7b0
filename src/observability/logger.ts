import type { LoggerService } from '@nestjs/common';
import { pino, type Logger } from 'pino';

type Level = 'trace' | 'debug' | 'info' | 'warn' | 'error';

/** Nest tells of every module and route while it starts; why it does not start is told by `main`. */
const NEST_START = new Set([
  'NestFactory',
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestApplication',
  'ExceptionHandler',
]);

/**
 * What is told of an error. Its other properties stay out: a failed query carries its parameters, which
 * are people's words and digests of their secrets.
 */
function describeError(error: unknown): object {
  if (!(error instanceof Error)) return { type: typeof error };
  const { code, query } = error as { code?: unknown; query?: unknown };
  const { constructor, message, stack, cause } = error;
  const because = cause instanceof Error ? describeError(cause) : undefined;
  return { type: constructor.name, message, code, query, stack, cause: because };
}

/** JSON lines; on a terminal, lines for people. Only what is named here of a request is ever logged. */
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
  if (!isTerminal) return pino(options);
  const { default: pinoPretty } = await import('pino-pretty');
  return pino(options, pinoPretty({ singleLine: true, sync: true }));
}

/** Lets Nest speak through pino. */
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

  /** Nest gives the context last, and for errors a stack before it. */
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

import type { LoggerService } from '@nestjs/common';
import { pino, type Logger } from 'pino';
import pinoPretty from 'pino-pretty';

/** JSON lines; on a terminal, lines for people. Only what is named here of a request is ever logged. */
export function createLogger(level: string): Logger {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  return process.stdout.isTTY ? pino(options, pinoPretty()) : pino(options);
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
  private write(
    level: 'trace' | 'debug' | 'info' | 'warn' | 'error',
    message: unknown,
    rest: unknown[],
  ): void {
    const context = rest.pop();
    const fields = typeof message === 'object' && message !== null ? message : {};
    const text = typeof message === 'string' ? message : rest.find((x) => typeof x === 'string');
    this.logger[level]({ context, ...fields }, text);
  }
}

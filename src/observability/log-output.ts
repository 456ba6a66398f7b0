import { pino, type DestinationStream } from 'pino';

const STANDARD_OUTPUT = 1;
/** Bytes of lines that wait until they can be written. Lines beyond that are lost. */
const WAITING_BYTES_MAX = 2 ** 20;
const LOSING = 'tallychat: lines of the log are lost, because its reader is too slow';

/**
 * Returns the destination of log lines. A log that cannot be written (a full disk, a reader or a terminal that is
 * gone) must not stop the service: lines wait, and are lost if there are too many. Pino would end the process, and
 * then never stop trying to write the last line. Each failure is reported once on standard error.
 */
export function logOutput(sync: boolean): DestinationStream {
  const output = pino.destination({ dest: STANDARD_OUTPUT, maxLength: WAITING_BYTES_MAX, sync });
  const flush = output.flushSync.bind(output);
  let isFailing = false;
  let isLosing = false;
  output.on('error', ({ message }: Error) => {
    if (!isFailing) process.stderr.write(`tallychat: the log cannot be written: ${message}\n`);
    isFailing = true;
  });
  output.on('write', () => {
    isFailing = false;
  });
  output.on('drop', () => {
    if (!isFailing && !isLosing) process.stderr.write(`${LOSING}\n`);
    isLosing = true;
  });
  output.on('drain', () => {
    isLosing = false;
  });
  output.flushSync = () => {
    if (!isFailing) flush();
  };
  return output;
}

import { DatabaseNotAnswering } from '../errors.js';
import { OutputText } from '../fields/field-docs.js';
import { describeRoute } from '../openapi/route-docs.js';

/** The response of a healthy process. */
export class HealthDto {
  @OutputText('Always `ok`.', { enum: ['ok'] })
  readonly status!: string;
}

export const HealthDocs = {
  live: () =>
    describeRoute({
      id: 'isLive',
      tag: 'Health',
      summary: 'Check whether the process runs',
      description: 'Does not check the database. `/health/ready` checks it.',
      answers: {
        200: {
          description: 'The process runs. If there is no answer, restart it.',
          type: HealthDto,
        },
      },
    }),

  ready: () =>
    describeRoute({
      id: 'isReady',
      tag: 'Health',
      summary: 'Check whether the process can serve',
      description:
        'The answer is 503 while the process is stopping or the database does not answer.',
      answers: {
        200: {
          description: 'The process can serve. After a 503, send it no requests.',
          type: HealthDto,
        },
      },
      errors: [new DatabaseNotAnswering()],
    }),
};

import { DatabaseSilent } from '../errors.js';
import { ShownText } from '../fields/field-docs.js';
import { describeRoute } from '../openapi/route-docs.js';

/** The response of a healthy process. */
export class HealthDto {
  @ShownText('Always `ok`; anything else is not 200.', { enum: ['ok'] })
  readonly status!: string;
}

export const HealthDocs = {
  live: () =>
    describeRoute({
      id: 'isLive',
      tag: 'Health',
      summary: 'Ask whether the process runs',
      description: 'It does not look at the database: for that, ask whether it can serve.',
      answers: { 200: { description: 'It runs. No answer means: restart it.', type: HealthDto } },
    }),

  ready: () =>
    describeRoute({
      id: 'isReady',
      tag: 'Health',
      summary: 'Ask whether the process can serve',
      description: '503 while it is stopping, and while the database does not answer.',
      answers: { 200: { description: 'It can. A 503 means: send nothing here.', type: HealthDto } },
      errors: [new DatabaseSilent()],
    }),
};

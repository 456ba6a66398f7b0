import { ApiExtraModels, ApiProperty, getSchemaPath } from '@nestjs/swagger';
import { ShownId, ShownInteger, ShownText, ShownTime } from '../fields/field-docs.js';

export class SpentDto {
  @ShownInteger('How many charges.', { examples: [3] })
  readonly count!: number;

  @ShownInteger('Their sum.', { examples: [300] })
  readonly tokens!: number;
}

export class DayUsageDto extends SpentDto {
  @ShownText('The day, in UTC.', { format: 'date', examples: ['2025-08-19'] })
  readonly day!: string;
}

export class ModelUsageDto extends SpentDto {
  @ShownText('The model; null for old charges whose turn was deleted.', {
    nullable: true,
    examples: ['echo'],
  })
  readonly model!: string | null;
}

export class KeyUsageDto extends SpentDto {
  @ShownText(
    'The API key by its name then, or the id of a session; null for old charges whose turn was deleted.',
    { nullable: true, examples: ['laptop'] },
  )
  readonly key!: string | null;

  @ShownId('The key or the session.', { nullable: true })
  readonly id!: string | null;
}

/** Charges, counted and summed. */
@ApiExtraModels(DayUsageDto, ModelUsageDto, KeyUsageDto)
export class UsageDto {
  @ShownTime('From this moment on.')
  readonly from!: string;

  @ShownTime('Before this moment.')
  readonly to!: string;

  @ApiProperty({
    type: 'array',
    description: 'A row for each day, model or credential that was charged for.',
    items: {
      anyOf: [DayUsageDto, ModelUsageDto, KeyUsageDto].map((row) => ({ $ref: getSchemaPath(row) })),
    },
  })
  readonly results!: (DayUsageDto | ModelUsageDto | KeyUsageDto)[];
}

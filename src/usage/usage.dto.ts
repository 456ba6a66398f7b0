import { ApiExtraModels, ApiProperty, getSchemaPath } from '@nestjs/swagger';
import { ShownId, ShownInteger, ShownText, ShownTime } from '../fields/field-docs.js';

export class SpentDto {
  @ShownInteger('Number of charges.', { examples: [3] })
  readonly count!: number;

  @ShownInteger('Sum of the charges, in tokens.', { examples: [300] })
  readonly tokens!: number;
}

export class DayUsageDto extends SpentDto {
  @ShownText('The day, in UTC.', { format: 'date', examples: ['2025-08-19'] })
  readonly day!: string;
}

export class ModelUsageDto extends SpentDto {
  @ShownText('The model. Null for old charges if their turn was deleted.', {
    nullable: true,
    examples: ['echo'],
  })
  readonly model!: string | null;
}

export class KeyUsageDto extends SpentDto {
  @ShownText(
    'The API key with its name at that time, or the id of a session. Null for old charges if their turn was deleted.',
    { nullable: true, examples: ['laptop'] },
  )
  readonly key!: string | null;

  @ShownId('The key or the session.', { nullable: true })
  readonly id!: string | null;
}

/** Charges, counted and summed. */
@ApiExtraModels(DayUsageDto, ModelUsageDto, KeyUsageDto)
export class UsageDto {
  @ShownTime('The start of the period (inclusive).')
  readonly from!: string;

  @ShownTime('The end of the period (exclusive).')
  readonly to!: string;

  @ApiProperty({
    type: 'array',
    description: 'One row for each day, model or credential with charges.',
    items: {
      anyOf: [DayUsageDto, ModelUsageDto, KeyUsageDto].map((row) => ({ $ref: getSchemaPath(row) })),
    },
  })
  readonly results!: (DayUsageDto | ModelUsageDto | KeyUsageDto)[];
}

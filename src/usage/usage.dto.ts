import { ApiExtraModels, ApiProperty, getSchemaPath } from '@nestjs/swagger';
import { OutputId, OutputInteger, OutputText, OutputTime } from '../fields/field-docs.js';

export class SpentDto {
  @OutputInteger('Number of charges.', { examples: [3] })
  readonly count!: number;

  @OutputInteger('Sum of the charges, in tokens.', { examples: [300] })
  readonly tokens!: number;
}

export class DayUsageDto extends SpentDto {
  @OutputText('The day, in UTC.', { format: 'date', examples: ['2025-08-19'] })
  readonly day!: string;
}

export class ModelUsageDto extends SpentDto {
  @OutputText('The model. Null for old charges if their turn was deleted.', {
    nullable: true,
    examples: ['echo'],
  })
  readonly model!: string | null;
}

export class KeyUsageDto extends SpentDto {
  @OutputText(
    'The API key with its name at that time, or the id of a session. Null for old charges if their turn was deleted.',
    { nullable: true, examples: ['laptop'] },
  )
  readonly key!: string | null;

  @OutputId('The key or the session.', { nullable: true })
  readonly id!: string | null;
}

/** Charges, counted and summed. */
@ApiExtraModels(DayUsageDto, ModelUsageDto, KeyUsageDto)
export class UsageDto {
  @OutputTime('The start of the period (inclusive).')
  readonly from!: string;

  @OutputTime('The end of the period (exclusive).')
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

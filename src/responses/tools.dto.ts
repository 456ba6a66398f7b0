import type { Type } from '@nestjs/common';
import { ArrayMaxSize, IsArray, IsOptional } from 'class-validator';
import { Nested, REPORTED_ALONE } from '../fields/field-decorators.js';
import { Ignorable, RequiredText } from './input-items.dto.js';

const TOOLS_MAX = 1024;

/** A tool of a kind that runs at OpenAI. */
class LeftOutToolDto {
  @RequiredText()
  type!: string;
}

class NamedToolDto extends LeftOutToolDto {
  @RequiredText()
  name!: string;

  @Ignorable()
  description?: unknown;
}

export class FunctionToolDto extends NamedToolDto {
  @Ignorable()
  parameters?: unknown;

  @Ignorable()
  strict?: unknown;
}

export class CustomToolDto extends NamedToolDto {
  @Ignorable()
  format?: unknown;
}

const TOOLS = new Map<unknown, Type<object>>([
  ['function', FunctionToolDto],
  ['custom', CustomToolDto],
]);

export type ToolDto = FunctionToolDto | CustomToolDto | LeftOutToolDto;

/** The tools of a request. */
export class ToolsDto {
  @Nested(({ type }) => TOOLS.get(type) ?? LeftOutToolDto, {
    each: true,
    message: 'Invalid type: expected a tool.',
  })
  @ArrayMaxSize(TOOLS_MAX, { message: `Too long: at most ${String(TOOLS_MAX)} tools.` })
  @IsArray({ message: 'Invalid type: expected an array of tools.', ...REPORTED_ALONE })
  @IsOptional()
  tools?: ToolDto[] | null;
}

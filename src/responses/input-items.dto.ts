import { applyDecorators, type Type } from '@nestjs/common';
import { ArrayMaxSize, IsArray, IsIn, IsOptional, IsString, ValidateIf } from 'class-validator';

import { Nested, REPORTED_ALONE } from '../fields/field-decorators.js';
import { EXPECTED_STRING, MISSING_STRING } from '../fields/openai-sentences.js';
import type { Fields } from '../json-fields.js';

const ITEMS_MAX = 2048;

/** `developer` is OpenAI's newer name for `system`. Other servers know only the older one. */
export const ROLES = new Map([
  ['user', 'user'],
  ['assistant', 'assistant'],
  ['system', 'system'],
  ['developer', 'system'],
] as const);
const ROLE_NAMES = [...ROLES.keys()];

export const RequiredText = (message = MISSING_STRING) => IsString({ message });

/** A field of any type that may be left out. A value of another type than expected is ignored. */
export const Ignorable = IsOptional;

export class TextPartDto {
  @RequiredText()
  text!: string;
}

export class RefusalPartDto {
  @RequiredText()
  refusal!: string;
}

export class PicturePartDto {
  @RequiredText('Missing or invalid: expected a URL; no files are kept here.')
  image_url!: string;

  @Ignorable()
  detail?: unknown;
}

export class FilePartDto {
  @RequiredText('Missing or invalid: expected the file; none are kept here.')
  file_data!: string;

  @Ignorable()
  filename?: unknown;
}

class SoundPartDto {
  @Ignorable()
  input_audio?: unknown;
}

class UnknownPartDto {
  @IsIn([], { message: 'Invalid value: no content part of this type is taken here.' })
  type!: unknown;
}

/** A part of a content. Text parts of questions, answers, summaries and thinking are the same. */
export type PartDto = TextPartDto | RefusalPartDto | PicturePartDto | FilePartDto | SoundPartDto;

const PARTS = new Map<unknown, Type<object>>([
  ['input_text', TextPartDto],
  ['output_text', TextPartDto],
  ['text', TextPartDto],
  ['summary_text', TextPartDto],
  ['reasoning_text', TextPartDto],
  ['refusal', RefusalPartDto],
  ['input_image', PicturePartDto],
  ['input_file', FilePartDto],
  ['input_audio', SoundPartDto],
]);

/** Returns the text of a content that is only text; otherwise an empty text. The content may be invalid. */
export function wordsOf(content: unknown): string {
  if (typeof content === 'string') return content;
  const parts: unknown[] = Array.isArray(content) ? content : [];
  return parts.every((part) => part instanceof TextPartDto)
    ? parts.map(({ text }) => text).join('')
    : '';
}

/** A text, or content parts. */
const Content = ({
  optional = false,
  unless = () => false,
}: {
  optional?: boolean;
  unless?: (item: object) => boolean;
} = {}) =>
  applyDecorators(
    ValidateIf(
      (item: object, value: unknown) =>
        typeof value !== 'string' &&
        !(optional && (value === undefined || value === null)) &&
        !unless(item),
    ),
    IsArray({ message: 'Missing or invalid: expected a string or an array of content parts.' }),
    Nested(({ type }) => PARTS.get(type) ?? UnknownPartDto, {
      each: true,
      message: 'Invalid type: expected a content part.',
    }),
  );

export class MessageItemDto {
  @IsIn(ROLE_NAMES, { message: `Invalid value: a role is one of ${ROLE_NAMES.join(', ')}.` })
  role!: (typeof ROLE_NAMES)[number];

  @Content()
  content!: string | PartDto[];
}

export class ReasoningItemDto {
  @Content({ optional: true })
  content?: string | PartDto[] | null;

  /** Read only if there is no content. */
  @Content({ optional: true, unless: (item) => wordsOf((item as ReasoningItemDto).content) !== '' })
  summary?: string | PartDto[] | null;

  @Ignorable()
  encrypted_content?: unknown;
}

class CalledItemDto {
  @RequiredText()
  call_id!: string;

  @RequiredText()
  name!: string;

  @Ignorable()
  extra_content?: unknown;
}

export class FunctionCallItemDto extends CalledItemDto {
  @RequiredText()
  arguments!: string;
}

export class CustomCallItemDto extends CalledItemDto {
  @RequiredText()
  input!: string;
}

export class OutputItemDto {
  @RequiredText()
  call_id!: string;

  @Content()
  output!: string | PartDto[];
}

export class ReferenceItemDto {
  @RequiredText()
  id!: string;
}

/** An item of a kind that only OpenAI's own tools create. */
export class LeftOutItemDto {
  @IsString({ message: EXPECTED_STRING })
  type!: string;
}

const ITEMS = new Map<unknown, Type<object>>([
  ['message', MessageItemDto],
  ['reasoning', ReasoningItemDto],
  ['function_call', FunctionCallItemDto],
  ['custom_tool_call', CustomCallItemDto],
  ['function_call_output', OutputItemDto],
  ['custom_tool_call_output', OutputItemDto],
  ['item_reference', ReferenceItemDto],
]);

/** Returns the class of an item. Messages and references may leave out their type. */
function classOfItem(item: Fields): Type<object> {
  const { type } = item;
  if (type !== undefined && type !== null) return ITEMS.get(type) ?? LeftOutItemDto;
  return 'role' in item || !('id' in item) ? MessageItemDto : ReferenceItemDto;
}

export type InputItemDto =
  | MessageItemDto
  | ReasoningItemDto
  | FunctionCallItemDto
  | CustomCallItemDto
  | OutputItemDto
  | ReferenceItemDto
  | LeftOutItemDto;

/** The input of a request: a text, or items. */
export class InputDto {
  @Nested(classOfItem, { each: true, message: 'Invalid type: expected an item.' })
  @ArrayMaxSize(ITEMS_MAX, { message: `Too long: at most ${String(ITEMS_MAX)} items.` })
  @IsArray({
    message: 'Missing or invalid: expected a string or an array of items.',
    ...REPORTED_ALONE,
  })
  @ValidateIf((_, value) => typeof value !== 'string')
  input!: string | InputItemDto[];
}

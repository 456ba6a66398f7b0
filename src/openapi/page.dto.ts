import type { Type } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX } from '../http/pagination.js';
import { OutputText } from '../fields/field-docs.js';
import type { ParameterDescription } from './route-docs.js';

/** The query parameters of every route that returns pages. */
export const PAGE_PARAMETERS: readonly ParameterDescription[] = [
  {
    name: 'page_size',
    in: 'query',
    description:
      'Results on a page. A number above the maximum means the maximum. An invalid value means the default.',
    schema: { type: 'integer', minimum: 1, maximum: PAGE_SIZE_MAX, default: PAGE_SIZE_DEFAULT },
  },
  {
    name: 'cursor',
    in: 'query',
    description:
      'Where the page begins. Copy it from `next` or `previous`. The example begins at the newest.',
    schema: { type: 'string', examples: ['b2xkZXI6bmV3ZXN0'] },
  },
];

/** Returns the class of the result of `paginate`: `class TurnPageDto extends PageOf(TurnDto) {}`. */
export function PageOf<Item>(item: Type<Item>) {
  class Page {
    @OutputText('The URL of the page of older results. Null on the last page.', {
      format: 'uri',
      nullable: true,
    })
    readonly next!: string | null;

    @OutputText('The URL of the page of newer results. Null on the first page.', {
      format: 'uri',
      nullable: true,
    })
    readonly previous!: string | null;

    @ApiProperty({ type: [item], description: 'The results, newest first.' })
    readonly results!: Item[];
  }
  return Page;
}

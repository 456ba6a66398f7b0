import { Controller, Get, Param, Req, Res } from '@nestjs/common';
import { ApiExcludeEndpoint } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { NotFound } from '../errors.js';
import { ApiDescription } from './api-description.js';
import { DocumentationDocs } from './documentation.docs.js';
import { Public } from '../http/request.decorators.js';
import { SWAGGER_UI_POLICY, swaggerUiFile, swaggerUiPage } from './swagger-ui.js';
import { SWAGGER_UI_START, SWAGGER_UI_STYLE } from './swagger-ui-start.js';

const CACHE_SECONDS = 3600;

/** The API's description, and the page that shows it and can send requests. */
@Controller('api')
export class DocsController {
  constructor(private readonly description: ApiDescription) {}

  @DocumentationDocs.schema()
  @Public({ anyAccept: true })
  @Get('schema')
  schema(@Res() reply: FastifyReply): void {
    void reply.type('application/json').send(this.description.json);
  }

  @DocumentationDocs.page()
  @Public({ anyAccept: true })
  @Get('docs')
  page(@Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    void reply.header('Content-Security-Policy', SWAGGER_UI_POLICY);
    void reply.type('text/html; charset=utf-8').send(swaggerUiPage(request.url));
  }

  @Public({ anyAccept: true })
  @ApiExcludeEndpoint()
  @Get('docs/start.js')
  start(@Res() reply: FastifyReply): void {
    void reply.type('text/javascript; charset=utf-8').send(SWAGGER_UI_START);
  }

  @Public({ anyAccept: true })
  @ApiExcludeEndpoint()
  @Get('docs/docs.css')
  style(@Res() reply: FastifyReply): void {
    void reply.type('text/css; charset=utf-8').send(SWAGGER_UI_STYLE);
  }

  @Public({ anyAccept: true })
  @ApiExcludeEndpoint()
  @Get('docs/:file')
  file(@Param('file') name: string, @Res() reply: FastifyReply): void {
    const file = swaggerUiFile(name);
    if (!file) throw new NotFound();
    void reply.header('Cache-Control', `public, max-age=${String(CACHE_SECONDS)}`);
    void reply.type(file.type).send(file.bytes);
  }
}

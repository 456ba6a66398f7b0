import { Controller, Get, Inject, Param, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CONFIG, type Config } from '../config/config.js';
import { NotFound } from '../errors.js';
import { Public } from '../http/request.decorators.js';
import { PageAssets } from './page-assets.js';

/** Allows no inline code and no other origin, so a model's answer cannot run as code. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const CACHE_FOREVER = 'public, max-age=31536000, immutable';

/** The page at `/`, on which users chat and manage their accounts. */
@ApiExcludeController()
@Controller()
export class WebController {
  private readonly assets: PageAssets;

  constructor(@Inject(CONFIG) config: Config) {
    this.assets = new PageAssets(config);
  }

  @Public({ anyAccept: true })
  @Get()
  page(@Res() reply: FastifyReply): void {
    void reply.headers({ 'Content-Security-Policy': POLICY, 'Cache-Control': 'no-cache' });
    void reply.type('text/html; charset=utf-8').send(this.assets.document);
  }

  /**
   * Sends a file of the page. A tab that was opened before an update still gets the files, but does not cache
   * the new ones.
   */
  @Public({ anyAccept: true })
  @Get('assets/:version/:file')
  asset(
    @Param('version') version: string,
    @Param('file') file: string,
    @Res() reply: FastifyReply,
  ): void {
    const asset = this.assets.find(file);
    if (!asset) throw new NotFound();
    void reply.header(
      'Cache-Control',
      version === this.assets.version ? CACHE_FOREVER : 'no-cache',
    );
    void reply.type(asset.type).send(asset.bytes);
  }
}

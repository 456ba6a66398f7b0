import { readFileSync } from 'node:fs';
import { Controller, Get, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Public } from '../http/request.decorators.js';

/** Nothing inline and nothing from elsewhere: a model's answer has no way to become code. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/** A file of the page, read once; they are few and small. */
function page(name: string, type: string) {
  const bytes = readFileSync(new URL(`page/${name}`, import.meta.url));
  return (reply: FastifyReply): void => {
    void reply.headers({ 'Content-Security-Policy': POLICY, 'Cache-Control': 'no-cache' });
    void reply.type(type).send(bytes);
  };
}

/** The page at `/`, on which a newcomer sees the service work. */
@ApiExcludeController()
@Controller()
export class WebController {
  private readonly files = {
    html: page('index.html', 'text/html; charset=utf-8'),
    css: page('page.css', 'text/css; charset=utf-8'),
    js: page('page.js', 'text/javascript; charset=utf-8'),
  };

  @Public({ anyAccept: true })
  @Get()
  html(@Res() reply: FastifyReply): void {
    this.files.html(reply);
  }

  @Public({ anyAccept: true })
  @Get('page.css')
  css(@Res() reply: FastifyReply): void {
    this.files.css(reply);
  }

  @Public({ anyAccept: true })
  @Get('page.js')
  js(@Res() reply: FastifyReply): void {
    this.files.js(reply);
  }
}

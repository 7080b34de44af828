import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { answerError } from '../admin-http/admin-routes.ts';
import { readBody } from '../admin-http/read-body.ts';
import { BadRequestError, NotFoundError } from '../admin-http/request-errors.ts';
import type { LastingFaults } from './lasting-faults.ts';
import type { LinkedDevices } from './linked-devices.ts';
import { type MediaStore, maxMediaBytes } from './media-store.ts';
import type { PageSettings } from './page-settings.ts';

const pageFolder = join(import.meta.dirname, 'page');

interface Dependencies {
  readonly devices: LinkedDevices;
  readonly faults: LastingFaults;
  readonly media: MediaStore;
  readonly settings: PageSettings;
}

/** Answers what a browser asks of the site: the page, its modules, and files to upload and download. */
export function createSite({ devices, faults, media, settings }: Dependencies) {
  return async function answer(request: IncomingMessage, response: ServerResponse) {
    if (faults.has('refuse')) return void request.socket.destroy();
    if (faults.has('mute-site')) return;
    try {
      const { pathname } = new URL(request.url ?? '/', 'https://web.whatsapp.com');
      if (request.method === 'POST' && pathname === '/media') return await takeUpload(request, response);
      if (request.method !== 'GET') throw new NotFoundError('answer', 'only files are uploaded', 'use GET');
      if (pathname === '/') return await answerPage(response);
      if (/^\/page\/[a-z-]+\.js$/.test(pathname)) return await answerModule(pathname, response);
      if (pathname.startsWith('/media/')) return answerDownload(pathname, response);
      throw new NotFoundError('answer', `there is no ${pathname}`, 'load the page');
    } catch (error) {
      answerError(response, error);
    }
  };

  async function answerPage(response: ServerResponse) {
    const html = await readFile(join(pageFolder, 'index.html'), 'utf8');
    const broken = { breaksInjection: faults.has('break-injection'), breaksReady: faults.has('break-ready') };
    const told = { ...settings, ...broken };
    send(response, 'text/html; charset=utf-8', html.replace('{}', JSON.stringify(told)));
  }

  async function answerModule(pathname: string, response: ServerResponse) {
    const source = await readFile(join(pageFolder, pathname.slice('/page/'.length))).catch(() => undefined);
    if (!source) throw new NotFoundError('answer', `there is no ${pathname}`, 'load the page');
    send(response, 'text/javascript; charset=utf-8', source);
  }

  async function takeUpload(request: IncomingMessage, response: ServerResponse) {
    const token = request.headers.authorization?.replace('Bearer ', '') ?? '';
    if (!devices.withToken(token)) throw new BadRequestError('authorization', 'it is of no device', 'log in first');
    const mimetype = request.headers['content-type'] ?? 'application/octet-stream';
    const { directPath } = media.add(mimetype, await readBody(request, maxMediaBytes));
    send(response, 'application/json', JSON.stringify({ directPath }));
  }

  function answerDownload(pathname: string, response: ServerResponse) {
    const data = media.dataOf(pathname);
    if (!data) throw new NotFoundError('download', 'the file is gone', 'let it be sent again');
    send(response, 'application/octet-stream', data);
  }
}

/** Nothing may be kept: a browser that is restarted is to load what the site has become. */
function send(response: ServerResponse, contentType: string, body: string | Buffer) {
  response.writeHead(200, { 'content-type': contentType, 'cache-control': 'no-store' }).end(body);
}

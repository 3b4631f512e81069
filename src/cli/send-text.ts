import type { IncomingMessage, ServerResponse } from 'node:http';

/** Answers with a few words. */
export function sendText(
  { method, headers }: IncomingMessage,
  response: ServerResponse,
  { status, text, type = 'text/plain; charset=utf-8' }: { status: number; text: string; type?: string },
): void {
  const body = Buffer.from(text);
  // A body that nobody wants is not read to its end.
  if ('content-length' in headers || 'transfer-encoding' in headers)
    response.setHeader('Connection', 'close');
  response.writeHead(status, {
    'Content-Type': type,
    'Content-Length': body.length,
    'Cache-Control': 'no-cache',
    'X-Content-Type-Options': 'nosniff',
  });
  response.end(method === 'HEAD' ? undefined : body);
}

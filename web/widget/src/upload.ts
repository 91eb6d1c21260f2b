import type { ErrorCode, Problem } from '@yikouwen/shared/wire';

/** What became of a file: taken, or why not. `network` may be tried again with the same id. */
export type Uploaded = { ok: true } | { ok: false; code: ErrorCode | 'network' };

export interface Upload {
  url: string;
  token: string;
  language: string;
  /** The device's id of the message; the same id sent again is the same message. */
  id: string;
  file: File;
  /** From 0 to 1. */
  onProgress: (part: number) => void;
}

const codes: ReadonlySet<string> = new Set<ErrorCode>([
  'busy',
  'rate_limited',
  'unauthorized',
  'unavailable',
  'file_empty',
  'file_too_large',
  'file_forbidden',
]);

function isCode(code: string | undefined): code is ErrorCode {
  return code !== undefined && codes.has(code);
}

/** Sends a file. Only the old way of asking tells how much has gone out. */
export function upload({ url, token, language, id, file, onProgress }: Upload): Promise<Uploaded> {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open('POST', url);
    request.setRequestHeader('Authorization', `Bearer ${token}`);
    request.setRequestHeader('Accept-Language', language);
    request.upload.onprogress = (event) => {
      if (event.lengthComputable && event.total > 0) onProgress(event.loaded / event.total);
    };
    request.onload = () => {
      if (request.status === 202) resolve({ ok: true });
      else resolve({ ok: false, code: codeOf(request) });
    };
    request.onerror = () => resolve({ ok: false, code: 'network' });
    const form = new FormData();
    form.append('id', id);
    form.append('file', file, file.name);
    request.send(form);
  });
}

function codeOf(request: XMLHttpRequest): ErrorCode | 'network' {
  try {
    const { code } = JSON.parse(request.responseText) as Problem;
    if (isCode(code)) return code;
  } catch {
    // A proxy's own page says nothing that could be read.
  }
  return request.status === 413 ? 'file_too_large' : 'unavailable';
}

import { sizeText } from '@yikouwen/shared/size';
import type { Attachment } from '@yikouwen/shared/wire';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

import { useUi } from './context';
import { FileIcon } from './icons';

/** What browsers play; recordings of some phones are in forms that none does. */
const PLAYED = /^audio\/(mpeg|mp4|ogg|wav|aac|flac)$/;

/** The files of a message: pictures to look at, recordings to hear, everything else to open. */
export function Files({ files }: { files: Attachment[] }): JSX.Element {
  return (
    <div class="files" data-assist="block">
      {files.map((file) => (
        <OneFile key={file.id} file={file} />
      ))}
    </div>
  );
}

function OneFile({ file }: { file: Attachment }): JSX.Element {
  const { t, controller } = useUi();
  // A picture whose link has run out, or that no browser draws, is still a file that can be asked for.
  const [broken, setBroken] = useState(false);
  const url = controller.fileUrl(file);
  if (file.kind === 'image' && !broken) {
    return (
      <a class="picture" href={url} target="_blank" rel="noopener" data-testid="picture" aria-label={t('openPicture', { name: file.name })}>
        <img src={url} alt={file.name} loading="lazy" onError={() => setBroken(true)} />
      </a>
    );
  }
  if (file.kind === 'voice' && !broken && PLAYED.test(file.mime ?? '')) {
    return <audio controls preload="none" src={url} aria-label={file.name} data-testid="sound" onError={() => setBroken(true)} />;
  }
  const size = sizeText(file.bytes ?? 0);
  return (
    <a class="file" href={url} target="_blank" rel="noopener" data-testid="file" aria-label={t('openFile', { name: file.name, size })}>
      <FileIcon />
      <span class="file-name">{file.name}</span>
      <span class="file-size">{size}</span>
    </a>
  );
}

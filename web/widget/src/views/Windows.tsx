import type { ServiceWindow } from '@yikouwen/shared/wire';
import type { JSX } from 'preact';

import { useUi } from './context';
import { MapIcon, PhoneIcon } from './icons';
import { away } from './MarkdownTree';

/** Places one can go to: each with its hours, a number to tap and a map. */
export function Windows({ windows }: { windows: ServiceWindow[] }): JSX.Element {
  const { t } = useUi();
  return (
    <ul class="windows" data-testid="windows">
      {windows.map((place) => {
        const map = mapLink(place);
        return (
          <li key={place.name + (place.address ?? '')}>
            <strong>{place.name}</strong>
            {place.address !== undefined && <p>{place.address}</p>}
            {place.hours !== undefined && (
              <p>
                {t('entryHours', { hours: place.hours })}
              </p>
            )}
            <div class="links">
              {place.phone !== undefined && (
                <a class="link-button" data-testid="window-phone" href={`tel:${place.phone.replace(/[^\d+]/g, '')}`}>
                  <PhoneIcon />
                  {t('entryPhone', { phone: place.phone })}
                </a>
              )}
              {map !== undefined && (
                <a
                  class="link-button"
                  data-testid="window-map"
                  href={map}
                  aria-label={t('entryMapLabel', { name: place.name })}
                  {...away}
                >
                  <MapIcon />
                  {t('entryMap')}
                </a>
              )}
            </div>
          </li>
        );
      })}
    </ul>
  );
}

/** A map that opens in the browser or in the map app of a phone, without a key and without loading anything before the tap. */
export function mapLink({ name, lng, lat }: ServiceWindow): string | undefined {
  if (lng === undefined || lat === undefined) return undefined;
  const url = new URL('https://uri.amap.com/marker');
  url.searchParams.set('position', `${lng},${lat}`);
  url.searchParams.set('name', name);
  url.searchParams.set('callnative', '1');
  return url.href;
}

/** The page in English. Its Chinese is the page itself; every `data-t` there has its key here. */
export const en: Record<string, string> = {
  title: 'Anhe City Public Services · Yikouwen (demo)',
  skip: 'Skip to the question box',
  place: 'Anhe City Public Services',
  demo: 'Demo',
  hotlines: 'Useful numbers',
  hotline12345: 'City hotline',
  hotline110: 'Police',
  hotline119: 'Fire',
  hotline120: 'Ambulance',
  heading: 'Ask once, in one place',
  lead: 'Ask in your own words. Every answer names its source, and a person is one tap away.',
  noscript: 'JavaScript is off, so you cannot ask here. Please call the city hotline 12345.',
  disclaimer:
    'This is a demonstration. Anhe is a fictional city; addresses, phone numbers (except national ones) and contents are for show only.',
};

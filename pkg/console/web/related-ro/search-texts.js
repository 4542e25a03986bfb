// The English texts of the search, loaded together with it.
export const texts = {
  'search.location': 'Location',
  'search.list': 'Related RO Number(s)',
  'search.label': 'RO number', 'search.hint': 'One RO number, its beginning, or a pasted list. Type 2 characters at least. Arrow keys move through the results.',
  'search.whole': 'Whole number only', 'search.empty': 'No case has an RO number like “{ro}”.',
  'search.count.one': '{count} case', 'search.count.other': '{count} cases', 'search.more': '{count} cases, and more',
  'search.caption': 'Cases by RO number', 'search.ro': 'Found', 'search.related': 'Related RO',
  'search.own': 'Case’s RO', 'search.case': 'Case',
};

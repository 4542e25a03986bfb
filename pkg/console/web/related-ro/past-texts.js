// The English texts of the history of retrievals, loaded together with it.
export const texts = {
  'past.since': 'Recorded since {time}.', 'past.none': 'None recorded yet.',
  'past.when': 'When', 'past.why': 'Why', 'past.what': 'What was found',
  'past.times': '{count} times, the last {time}',
  'past.export': 'The case was exported', 'past.close': 'The case was closed', 'past.refresh': 'A person asked',
  'past.follow': 'Changes in Karmak were looked for', 'past.other': 'Another reason',
  'past.failed': 'Failed', 'past.retrying': 'Failed so far; tried again by itself', 'past.nothing': 'Nothing new',
  'past.added': 'Added:', 'past.invoiced': 'Invoiced:', 'past.voided': 'Voided:', 'past.changed': 'Changed otherwise:',
  'past.gone': 'No longer in Karmak:', 'past.more': 'and {count} more',
};

// The English texts of the list of open warranty ROs, loaded together with it.
export const texts = {
  'warranty.caption': 'Open warranty ROs, oldest first',
  'warranty.empty': 'No open warranty RO is known at this location. Every warranty RO of the cases fetched so far is invoiced or voided.',
  'warranty.leftOut.one': '{count} RO was fetched from another Karmak account or branch. It comes back when its case is fetched again.',
  'warranty.leftOut.other': '{count} ROs were fetched from another Karmak account or branch. They come back when their cases are fetched again.',
  'warranty.bands': 'Age', 'warranty.all': 'All', 'warranty.0-7': 'Up to 7 days', 'warranty.8-14': '8 to 14 days', 'warranty.15-30': '15 to 30 days',
  'warranty.over-30': 'Over 30 days', 'warranty.unknown': 'Age not known',
  'warranty.days.one': '{count} day', 'warranty.days.other': '{count} days',
  'warranty.none': 'None of this age.', 'warranty.sum': 'Charges: {sum}', 'warranty.sum.known': 'Charges, where they are known: {sum}',
  'warranty.ro': 'Warranty RO', 'warranty.age': 'Age', 'warranty.charges': 'Charges', 'warranty.charges.unknown': 'Not known',
  'warranty.own': 'Case’s RO', 'warranty.invoiced': 'Invoiced {day}', 'warranty.open': 'Not invoiced', 'warranty.case': 'Case',
  'warranty.invoicedAt': 'Invoiced', 'warranty.asOf': 'As of',
  'warranty.find': 'Find its own case', 'warranty.find.label': 'Find its own case: RO {ro}',
};

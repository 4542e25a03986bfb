// Saves what is shown as a file for a spreadsheet.

/** A spreadsheet takes what begins like a formula for one, unless it is a plain number; a number of an RO begins with a digit or a letter. */
const field = (value) => {
  const text = String(value ?? '');
  return `"${(/^(?!-\d+(\.\d+)?$)[=+\-@\t\r]/.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;
};

/** Has the browser save rows under heads as name.csv. */
export function saveCSV(name, heads, rows) {
  const text = [heads, ...rows].map((row) => row.map(field).join(',')).join('\r\n');
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob(['\ufeff', text, '\r\n'], { type: 'text/csv' })); // the mark tells Excel that it is UTF-8
  link.download = `${name}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

// Saves lists as files for a spreadsheet.

/**
 * Quotes a field. A spreadsheet would run text that begins like a formula, so such text gets an
 * apostrophe unless it is a plain number. RO numbers begin with a digit or a letter.
 */
const field = (value) => {
  const text = String(value ?? '');
  return `"${(/^(?!-\d+(\.\d+)?$)[=+\-@\t\r]/.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;
};

/** Saves rows with the given heads as name.csv through the browser. */
export function saveCSV(name, heads, rows) {
  const text = [heads, ...rows].map((row) => row.map(field).join(',')).join('\r\n');
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob(['\ufeff', text, '\r\n'], { type: 'text/csv' })); // the byte order mark makes Excel read UTF-8
  link.download = `${name}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

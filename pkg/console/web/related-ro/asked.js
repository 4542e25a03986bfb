// Parses the text of a search: one RO number or several, as copied from mails, spreadsheets and
// paper.
const MOST = 20; // numbers per search; each takes a request

/**
 * The RO numbers in a text: "#50123", "RO 50123" and "50 123" are one, "50123, 50124" and "50123
 * 50124" two.
 */
export function numbersIn(text) {
  const parts = text.split(/[,;|\t\n\r]+/).flatMap((part) => {
    const words = part.replace(/\bR\.?\s?O\.?(?=[\s#:]|$)|#|\bno\.?\s|:/gi, ' ').trim().split(/\s+/).filter(Boolean);
    // Blanks either group the digits of one number or separate numbers, which have at least four
    // characters.
    return words.every((word) => word.length >= 4) ? words : [words.join('')];
  });
  return [...new Set(parts.filter(Boolean))].slice(0, MOST);
}

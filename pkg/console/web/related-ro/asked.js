// What people type or paste to search by: one RO number, or many, as they stand in mails, sheets and on paper.
const MOST = 20; // numbers at once: each is a request

/** The RO numbers in a text: "#50123", "RO 50123" and "50 123" are one, "50123, 50124" and "50123 50124" two. */
export function numbersIn(text) {
  const parts = text.split(/[,;|\t\n\r]+/).flatMap((part) => {
    const words = part.replace(/\bR\.?\s?O\.?(?=[\s#:]|$)|#|\bno\.?\s|:/gi, ' ').trim().split(/\s+/).filter(Boolean);
    // Blanks group the digits of one number, or stand between numbers; a number has four characters at least.
    return words.every((word) => word.length >= 4) ? words : [words.join('')];
  });
  return [...new Set(parts.filter(Boolean))].slice(0, MOST);
}

package dynamodbengine

import (
	"math/big"
	"strconv"
	"strings"
)

// Amazon's limits of a number.
const (
	maxDigits    = 38
	maxMagnitude = 125  // 9.9…E+125 is the largest number
	minMagnitude = -130 // 1E-130 is the smallest number above zero
)

// canonicalNumber returns the canonical decimal form of a number, without an exponent or redundant
// zeros. It returns a ValidationException for a number that DynamoDB cannot store.
func canonicalNumber(s string) (string, error) {
	mantissa, exponent := s, 0
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		n, err := strconv.Atoi(s[i+1:])
		if err != nil || n < -1000 || n > 1000 {
			return "", notANumber(s)
		}
		mantissa, exponent = s[:i], n
	}
	negative := strings.HasPrefix(mantissa, "-")
	if negative || strings.HasPrefix(mantissa, "+") {
		mantissa = mantissa[1:]
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := whole + fraction
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return "", notANumber(s)
	}
	exponent -= len(fraction)
	digits = strings.TrimLeft(digits, "0")
	trimmed := strings.TrimRight(digits, "0")
	exponent += len(digits) - len(trimmed)
	if trimmed == "" {
		return "0", nil
	}
	magnitude := len(trimmed) + exponent - 1
	switch {
	case len(trimmed) > maxDigits:
		return "", invalid("Attempting to store more than %d significant digits in a Number", maxDigits)
	case magnitude > maxMagnitude:
		return "", invalid("Number overflow. Attempting to store a number with magnitude larger than supported range")
	case magnitude < minMagnitude:
		return "", invalid("Number underflow. Attempting to store a number with magnitude smaller than supported range")
	}
	return plain(negative, trimmed, exponent), nil
}

func notANumber(s string) error {
	return invalid("The parameter cannot be converted to a numeric value: %s", s)
}

// plain formats digits·10^exponent without an exponent.
func plain(negative bool, digits string, exponent int) string {
	switch point := len(digits) + exponent; {
	case exponent >= 0:
		digits += strings.Repeat("0", exponent)
	case point > 0:
		digits = digits[:point] + "." + digits[point:]
	default:
		digits = "0." + strings.Repeat("0", -point) + digits
	}
	if negative {
		return "-" + digits
	}
	return digits
}

func compareNumbers(a, b string) int { return rational(a).Cmp(rational(b)) }

// addNumbers returns a+b.
func addNumbers(a, b string) (string, error) {
	x := rational(a)
	return canonicalNumber(x.Add(x, rational(b)).FloatString(-minMagnitude + maxDigits))
}

// rational parses a canonical number. It panics on any other string.
func rational(canonical string) *big.Rat {
	r, ok := new(big.Rat).SetString(canonical)
	if !ok {
		panic("not a canonical number: " + canonical)
	}
	return r
}

// numberSize returns the approximate size in bytes: one byte per two significant digits, plus one.
func numberSize(canonical string) int {
	digits := strings.Trim(strings.NewReplacer("-", "", ".", "").Replace(canonical), "0")
	return (len(digits)+1)/2 + 1
}

package dynamodbengine

import "strings"

// token is one word or sign of an expression: an identifier, a #name, a :value, a number or
// punctuation.
type token string

const signs = "()[],.+=" // one character each; lex handles <, <=, <>, > and >=

// lex splits an expression into tokens.
func lex(expression string) ([]token, error) {
	var tokens []token
	for i := 0; i < len(expression); {
		c := expression[i]
		end := i + 1
		switch {
		case strings.IndexByte(" \t\r\n", c) >= 0:
			i++
			continue
		case strings.IndexByte(signs, c) >= 0:
		case c == '<' || c == '>':
			if end < len(expression) && (expression[end] == '=' || c == '<' && expression[end] == '>') {
				end++
			}
		case isWord(c) || c == '#' || c == ':':
			for end < len(expression) && isWord(expression[end]) {
				end++
			}
		default:
			return nil, invalid("Syntax error; token: %q", string(c))
		}
		tokens = append(tokens, token(expression[i:end]))
		i = end
	}
	return tokens, nil
}

func isWord(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_'
}

// is reports whether the token equals the keyword, ignoring case.
func (t token) is(keyword string) bool { return strings.EqualFold(string(t), keyword) }

// identifier reports whether the token is a bare word that does not start with a digit.
func (t token) identifier() bool {
	return t != "" && isWord(t[0]) && (t[0] < '0' || t[0] > '9')
}

package dynamodbengine

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Amazon's limits of a transaction.
const (
	maxActions         = 100
	maxTransactionSize = 4 << 20 // bytes
	tokenLifetime      = 10 * time.Minute
)

type transaction struct {
	TransactItems               []map[string]writeRequest
	ClientRequestToken          string
	ReturnConsumedCapacity      string
	ReturnItemCollectionMetrics string
}

func (e *Engine) transactWriteItems(body []byte) (any, error) {
	request, err := decode[transaction](body)
	if err != nil {
		return nil, err
	}
	writes, err := request.parse()
	if err != nil {
		return nil, err
	}
	sum, err := request.sum()
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	done, err := e.tokens.seen(request.ClientRequestToken, sum, e.now())
	if err != nil || done {
		return map[string]any{}, err
	}
	if err := e.prepareAll(writes); err != nil {
		return nil, err
	}
	costs := make(map[string]float64)
	for _, w := range writes {
		costs[w.request.TableName] += w.table.cost(w.old, w.new, 2)
		w.commit(e.now())
	}
	e.tokens.remember(request.ClientRequestToken, sum, e.now())
	return withCosts(map[string]any{}, costs, request.ReturnConsumedCapacity), nil
}

// sum returns a digest of the actions. It does not depend on the order in which their attributes
// were sent.
func (t transaction) sum() ([sha256.Size]byte, error) {
	ordered, err := json.Marshal(t.TransactItems)
	return sha256.Sum256(ordered), err
}

func checkActions(n int) error {
	if n < 1 || n > maxActions {
		return invalid("1 validation error detected: Value at 'transactItems' failed to satisfy constraint: "+
			"Member must have length less than or equal to %d, and greater than or equal to 1", maxActions)
	}
	return nil
}

func sameItemTwice() error {
	return invalid("Transaction request cannot include multiple operations on one item")
}

func (t transaction) parse() ([]*write, error) {
	if err := checkActions(len(t.TransactItems)); err != nil {
		return nil, err
	}
	writes := make([]*write, len(t.TransactItems))
	for i, actions := range t.TransactItems {
		if len(actions) != 1 {
			return nil, invalid("TransactItems can only contain one of Put, Update or Delete")
		}
		for kind, request := range actions {
			if !slices.Contains([]string{"Put", "Update", "Delete"}, kind) {
				return nil, refused("SerializationException", "This engine does not support the action %q", kind)
			}
			w, err := parseWrite(kind, request)
			if err != nil {
				return nil, err
			}
			writes[i] = w
		}
	}
	return writes, nil
}

// prepareAll prepares every action, or returns the reasons that cancel the transaction. Two actions
// must not refer to the same item, so the order of the commits does not matter.
func (e *Engine) prepareAll(writes []*write) error {
	items := make(map[string]bool)
	reasons := make([]reason, len(writes))
	size, cancelled := 0, false
	for i, w := range writes {
		reasons[i].Code = "None"
		err := w.prepare(e)
		var failed *apiError
		switch {
		case err == nil:
		case errors.As(err, &failed) && failed.code == "ConditionalCheckFailedException":
			reasons[i] = reason{Code: "ConditionalCheckFailed", Message: failed.message, Item: failed.item}
			cancelled = true
		default:
			return err
		}
		id := w.request.TableName + "\x00" + w.table.identity(w.key)
		if items[id] {
			return sameItemTwice()
		}
		items[id] = true
		if w.new != nil {
			size += w.new.size
		}
	}
	if size > maxTransactionSize {
		return invalid("Collection size of items in transaction exceeded limit of 4 MB")
	}
	if cancelled {
		codes := make([]string, len(reasons))
		for i, r := range reasons {
			codes[i] = r.Code
		}
		return &apiError{status: http.StatusBadRequest, code: "TransactionCanceledException", message: cancellation(codes),
			reasons: reasons}
	}
	return nil
}

// cancellation returns the message of a cancelled transaction. SDKs without support for
// CancellationReasons read the codes from it.
func cancellation(codes []string) string {
	return "Transaction cancelled, please refer cancellation reasons for specific reasons [" + strings.Join(codes, ", ") + "]"
}

// tokens remembers transactions by their client request token for ten minutes, so that a repeated
// request has no further effect.
type tokens struct {
	byToken map[string]sentTransaction
	order   []string // oldest first
}

type sentTransaction struct {
	sum [sha256.Size]byte
	at  time.Time
}

// seen reports whether the transaction was already executed. It returns an
// IdempotentParameterMismatchException if the token was used with different actions.
func (k *tokens) seen(token string, sum [sha256.Size]byte, now time.Time) (bool, error) {
	for len(k.order) > 0 && now.Sub(k.byToken[k.order[0]].at) > tokenLifetime {
		delete(k.byToken, k.order[0])
		k.order = k.order[1:]
	}
	before, ok := k.byToken[token]
	if ok && before.sum != sum {
		return false, refused("IdempotentParameterMismatchException",
			"The request uses the same client token as a previous, but non-identical request")
	}
	return ok, nil
}

func (k *tokens) remember(token string, sum [sha256.Size]byte, now time.Time) {
	if token == "" {
		return
	}
	if k.byToken == nil {
		k.byToken = make(map[string]sentTransaction)
	}
	k.byToken[token] = sentTransaction{sum, now}
	k.order = append(k.order, token)
}
